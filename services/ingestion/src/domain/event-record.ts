import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";

/** An event that passed every check and has a home. */
export interface Draft {
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
  /** The provider that the workspace belongs to. */
  readonly provider: string;
  /** As it was published. */
  readonly event: Event;
  /** A W3C traceparent; empty for none. */
  readonly traceparent: string;
  /** Of its connection. Undefined: it names none. */
  readonly connection?: ConnectionFacts | undefined;
}

/** What a record says of the connection that its event comes from. */
export interface ConnectionFacts {
  readonly integrationName: string;
  /** When its first sync ended; undefined while it runs. */
  readonly firstSyncCompleteTime?: Timestamp | undefined;
}

/** Gives the event as accepted: as published, with its id, its times and its data. */
export function acceptedEvent({ event }: Draft, id: string, acceptedAtMs: number): Event {
  const acceptTime = timestamp(acceptedAtMs);
  const accepted = create(EventSchema);
  accepted.id = id;
  accepted.type = event.type;
  accepted.data = event.data;
  accepted.time = event.time ?? acceptTime;
  accepted.orderingKey = event.orderingKey;
  accepted.idempotencyKey = event.idempotencyKey;
  accepted.acceptTime = acceptTime;
  if (event.deliverTime) accepted.deliverTime = event.deliverTime;
  accepted.connection = event.connection;
  accepted.previousAttributes = event.previousAttributes;
  return accepted;
}

function timestamp(ms: number): Timestamp {
  const time = create(TimestampSchema);
  time.seconds = BigInt(Math.floor(ms / 1_000));
  time.nanos = (ms % 1_000) * 1_000_000;
  return time;
}
