import { type AppError, invalid } from "@posthorn/errors";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import type { EventType } from "./catalog.ts";

/** Gives the refusal of a type that the catalog does not have; `field` is the event's JSON path. */
export function unknownType(event: Event, field: string): AppError {
  const description = `${event.type} is not in the provider's catalog`;
  return invalid(`${field}.type`, description, "unknown_event_type");
}

/**
 * Gives what is wrong with an event under its type, undefined when it is fine: a type that only
 * Posthorn publishes, or data that breaks its schema.
 */
export function typeProblem(event: Event, field: string, type: EventType): AppError | undefined {
  if (type.isReserved) {
    const description = `${event.type} is published by Posthorn only`;
    return invalid(`${field}.type`, description, "reserved_event_type");
  }
  const problem = type.checkData(event.data);
  return problem === undefined ? undefined : invalid(`${field}.data`, problem, "schema");
}
