import { create, fromJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import type { StoredEvent } from "../store/events.ts";

/** Shows an event without its deliveries. */
export function toEventMessage(event: StoredEvent): Event {
  return create(EventSchema, {
    id: event.id,
    type: event.type,
    data: new Uint8Array(event.data),
    dataExpired: event.data.length === 0,
    time: fromJson(TimestampSchema, event.time),
    orderingKey: event.orderingKey,
    acceptTime: timestampFromDate(event.acceptedAt),
    ...(event.deliverAt && { deliverTime: timestampFromDate(event.deliverAt) }),
    skipped: event.skipped.map(({ webhook, reason, detail = "" }) => ({ webhook, reason, detail })),
    skippedCount: event.skippedCount,
    connection: event.connectionId ?? "",
    previousAttributes: event.previousAttributes ?? new Uint8Array(),
  });
}
