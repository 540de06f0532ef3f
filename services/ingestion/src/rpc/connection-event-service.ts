import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { invalid } from "@posthorn/errors";
import { EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import {
  type ConnectionEvent,
  ConnectionEvent_Kind,
  type ConnectionEventService,
} from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { keyOfConnectionEvent } from "../domain/idempotency.ts";
import type { Publisher, Submission } from "../publish/publisher.ts";

const eventsMax = 100;

const kinds: ReadonlyMap<ConnectionEvent_Kind, string> = new Map([
  [ConnectionEvent_Kind.CREATED, "CREATED"],
  [ConnectionEvent_Kind.DELETED, "DELETED"],
  [ConnectionEvent_Kind.SYNC_COMPLETED, "SYNC_COMPLETED"],
]);

/**
 * Publishes what became of connections. Nothing is checked against the catalog or the connection:
 * the last event of one that is deleted comes this way, too.
 */
export function connectionEventService({
  publisher,
  countAccepted,
}: {
  readonly publisher: Publisher;
  readonly countAccepted: (count: number) => void;
}): ServiceImpl<typeof ConnectionEventService> {
  return {
    async publishConnectionEvents({ events }) {
      if (events.length > eventsMax) throw invalid("events", `has more than ${eventsMax}`);
      const submissions = events.map(toSubmission);
      if (submissions.length === 0) return {};
      await publisher.append(await publisher.identify(submissions));
      countAccepted(submissions.length);
      return {};
    },
  };
}

function toSubmission(event: ConnectionEvent, index: number): Submission {
  const { provider, workspaceId, connectionId, integrationName, occurTime } = event;
  const field = `events[${index}]`;
  const kind = kinds.get(event.kind);
  if (kind === undefined) throw invalid(`${field}.kind`, "is required");
  return {
    provider,
    workspaceId,
    connection: { integrationName },
    traceparent: "",
    field,
    key: keyOfConnectionEvent(connectionId, kind),
    event: create(EventSchema, {
      type: event.eventType,
      data: event.data,
      connection: connectionId,
      ...(occurTime && { time: occurTime }),
    }),
  };
}
