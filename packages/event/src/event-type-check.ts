import { type AppError, invalid } from "@posthorn/errors";
import { cutJson, isObject } from "@posthorn/json";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import type { EventType } from "./catalog.ts";

/** Gives the refusal of a type that the catalog does not have; `field` is the event's JSON path. */
export function unknownType(event: Event, field: string): AppError {
  const description = `${event.type} is not in the provider's catalog`;
  return invalid(`${field}.type`, description, "unknown_event_type");
}

/**
 * Gives what is wrong with an event under its type, undefined when it is fine: a type that only
 * Posthorn publishes, data that breaks its schema or does not fit the provider's bodies, previous
 * values that are missing or that the type has none of, or no connection where one is needed.
 */
export function typeProblem(event: Event, field: string, type: EventType): AppError | undefined {
  if (type.isReserved) {
    const description = `${event.type} is published by Posthorn only`;
    return invalid(`${field}.type`, description, "reserved_event_type");
  }
  const problem = type.checkData(event.data);
  if (problem !== undefined) return invalid(`${field}.data`, problem, "schema");
  return (
    connectionProblem(event, field, type) ??
    previousProblem(event, field, type) ??
    spreadProblem(event, field, type)
  );
}

function connectionProblem(event: Event, field: string, { rules }: EventType) {
  if (!rules.needsConnection || event.connection !== "") return undefined;
  return invalid(`${field}.connection`, "is required by the provider", "required");
}

function previousProblem(event: Event, field: string, { hasPrevious }: EventType) {
  const given = event.previousData.length > 0 ? "previousData" : "previousAttributes";
  const isGiven = event[given].length > 0;
  if (isGiven === hasPrevious) return undefined;
  if (isGiven) {
    const description = `events of type ${event.type} carry no previous values`;
    return invalid(`${field}.${given}`, description, "no_previous");
  }
  const description = `or previousAttributes is required: events of type ${event.type} carry what changed`;
  return invalid(`${field}.previousData`, description, "required");
}

/** The members of the data will stand in the body itself, beside those that the body names. */
function spreadProblem({ data }: Event, field: string, { rules }: EventType) {
  const { reservedMembers } = rules;
  if (reservedMembers === undefined) return undefined;
  if (!isObject(data)) {
    return invalid(`${field}.data`, "must be an object: its members stand in the body itself");
  }
  const members = new Map([...reservedMembers].map((name) => [name, name]));
  const clash = cutJson(data, { members })[0];
  if (clash === undefined) return undefined;
  const description = `the provider's bodies have a member ${clash.label} of their own`;
  return invalid(`${field}.data.${clash.label}`, description, "reserved_member");
}
