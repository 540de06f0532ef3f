import { fromBinary, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampDate } from "@bufbuild/protobuf/wkt";
import type { StoredRecord } from "@posthorn/bus";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import { checkMessage } from "@posthorn/rpc";
import { dayOf, idTimeMs, idToUuid, newUuid, uuidToId } from "@posthorn/runtime";
import { pinOf } from "../domain/envelope.ts";
import { isInFirstSync, type SyncedEvent } from "../domain/first-sync.ts";
import { type MatchableEvent, matchableEvent, matchWebhooks, withheldOf } from "../domain/match.ts";
import type { NewDelivery, NewEvent, ParkedRecord } from "../store/fan-outs.ts";
import { writeSkipped } from "../store/skipped.ts";
import { inEnvelopes } from "./in-envelopes.ts";
import type { SendableEvent } from "./lane.ts";
import type { KnownWebhook, KnownWorkspace, Subscriptions } from "./subscriptions.ts";

/** A record that could be read. */
export interface Decoded {
  readonly record: StoredRecord;
  readonly event: Omit<NewEvent, "skipped"> & Pick<SyncedEvent, "firstSyncEndedAt">;
  /** It may be stored already. */
  readonly isRepeat: boolean;
}

/** What is to be stored for one record: an event, a parked record, or nothing new. */
export interface Planned {
  readonly offset: bigint;
  /** The record's bytes. */
  readonly value: Uint8Array;
  readonly event?: NewEvent;
  readonly parked?: ParkedRecord;
  readonly deliveries: readonly {
    readonly delivery: NewDelivery;
    readonly webhook: KnownWebhook;
    /** The event as it is sent; absent: as the delivery has it, in the default envelope. */
    readonly sendable?: SendableEvent;
  }[];
}

/** Reads a record; one that cannot be read is parked. */
export function decode(record: StoredRecord): Decoded | ParkedRecord {
  try {
    const message = fromBinary(EventRecordSchema, record.value);
    checkMessage(EventRecordSchema, message);
    const uuid = idToUuid("evt", message.eventId);
    const workspaceUuid = idToUuid("ws", message.workspaceId);
    const { occurTime, acceptTime, deliverTime, firstSyncCompleteTime: syncEnd } = message;
    if (!uuid || !workspaceUuid || !occurTime || !acceptTime) throw new Error("a field is missing");
    const event = {
      uuid,
      day: dayOf(uuid),
      offset: record.offset,
      workspaceUuid,
      provider: message.provider,
      type: message.type,
      data: message.data,
      time: toJson(TimestampSchema, occurTime),
      acceptedAt: timestampDate(acceptTime),
      orderingKey: message.orderingKey,
      traceparent: message.traceparent,
      ...(deliverTime && { deliverAt: timestampDate(deliverTime) }),
      ...(message.connectionId !== "" && {
        connectionId: message.connectionId,
        integrationName: message.integrationName,
        ...(syncEnd && { firstSyncEndedAt: timestampDate(syncEnd) }),
      }),
      ...(message.previousAttributes.length > 0 && {
        previousAttributes: message.previousAttributes,
      }),
    };
    return { record, event, isRepeat: message.isRepeat };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { offset: record.offset, value: record.value, error: reason };
  }
}

/** Plans the records of a batch: matches each event that is neither stored nor named before. */
export function plan(
  decoded: readonly (Decoded | ParkedRecord)[],
  { known, stored }: { known: Subscriptions; stored: ReadonlySet<string> },
): Planned[] {
  const seen = new Set(stored);
  return decoded.map((one) => {
    if (!("event" in one)) return { ...one, parked: one, deliveries: [] };
    const { offset, value } = one.record;
    if (seen.has(one.event.uuid)) return { offset, value, deliveries: [] };
    seen.add(one.event.uuid);
    return { offset, value, ...planEvent(one.event, known) };
  });
}

function planEvent(
  decoded: Decoded["event"],
  known: Subscriptions,
): Omit<Planned, "offset" | "value"> {
  const workspace = known.latest(decoded.workspaceUuid);
  const isWithheld = isWithheldBySync(decoded, workspace);
  const matchable = toMatchable(decoded, isWithheld);
  const withheld = workspace?.provider && withheldOf(matchable, workspace.provider);
  const webhooks = workspace?.webhooks.values() ?? [];
  const { deliver, ...skipped } = matchWebhooks(matchable, webhooks, withheld);
  const event = {
    ...decoded,
    skipped: writeSkipped(skipped),
    ...(isWithheld && { isInFirstSync: true }),
  };
  const atMs = idTimeMs(decoded.uuid); // a delivery's id tells its event's day
  const { deliverAt, acceptedAt } = decoded;
  const isLater = deliverAt !== undefined && deliverAt > acceptedAt;
  let inEnvelope: ReturnType<typeof inEnvelopes> | undefined;
  const deliveries = deliver.map(({ webhook, matchedBy }) => {
    const pin = pinOf(webhook.envelope);
    if (pin) inEnvelope ??= inEnvelopes(event);
    return {
      webhook,
      ...(inEnvelope && { sendable: inEnvelope(webhook.envelope) }),
      delivery: {
        uuid: newUuid(atMs),
        event,
        webhookUuid: webhook.uuid,
        matchedBy,
        ...(isLater && { dueAt: deliverAt }),
        ...(webhook.isOrdered && { place: { key: event.orderingKey, sequence: event.offset } }),
        ...(pin && { pin }),
      },
    };
  });
  return { event, deliveries };
}

/** Tells whether the first sync of an event's connection withholds it from all. */
function isWithheldBySync(event: Decoded["event"], workspace: KnownWorkspace | undefined): boolean {
  if (event.connectionId === undefined || !workspace?.provider) return false;
  return isInFirstSync(event, workspace.connections, workspace.provider.firstSyncEventTypes);
}

/** Shows an event to filters; its data is parsed only if one asks for it. */
export function toMatchable(
  event: Pick<NewEvent, "uuid" | "type" | "time" | "data" | "connectionId">,
  isInFirstSync = false,
): MatchableEvent {
  return matchableEvent({
    get id() {
      return uuidToId("evt", event.uuid);
    },
    type: event.type,
    time: event.time,
    data: event.data,
    connection: event.connectionId ?? "",
    isInFirstSync,
  });
}
