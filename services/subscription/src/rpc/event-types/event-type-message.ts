import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type EventType as EventTypeMessage,
  EventTypeSchema,
} from "@posthorn/proto/posthorn/subscription/v1/event_type";
import type { EventType, EventTypeDraft } from "../../domain/event-type.ts";

/** The fields of an event type that only Posthorn sets. */
export const eventTypeOutputOnly = ["create_time", "update_time"];

/** Gives what a message says of an event type. */
export function toEventTypeDraft(message: EventTypeMessage): EventTypeDraft {
  const { name, group, description, schema, example } = message;
  const { label, version, filter, hasPrevious } = message;
  return { name, group, description, schema, example, label, version, filter, hasPrevious };
}

/** Gives the message of an event type. */
export function toEventTypeMessage(eventType: EventType): EventTypeMessage {
  return create(EventTypeSchema, {
    name: eventType.name,
    group: eventType.group,
    description: eventType.description,
    schema: eventType.schema,
    example: eventType.example,
    label: eventType.label,
    version: eventType.version,
    filter: eventType.filter,
    hasPrevious: eventType.hasPrevious,
    createTime: timestampFromDate(eventType.createdAt),
    updateTime: timestampFromDate(eventType.updatedAt),
  });
}
