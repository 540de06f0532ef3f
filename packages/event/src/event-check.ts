import { AppError, invalid } from "@posthorn/errors";
import { isObject, type JsonProblem, scanJson } from "@posthorn/json";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { deliverTimeProblem, timeProblem } from "./event-time.ts";
import { eventLimits } from "./limits.ts";

const jsonLimits = { depthMax: eventLimits.depthMax, keysMax: eventLimits.keysMax };

/**
 * Gives the first thing that is wrong with an event, undefined when it is fine as far as can be
 * told without the catalog: nothing set that only Posthorn sets, data of at most 262,144 bytes
 * that is strict JSON, previous values that are an object, believable times. `field` is the event's JSON path, such as `events[3]`.
 */
export function eventProblem(event: Event, field: string, nowMs: number): AppError | undefined {
  if (event.id !== "") return outputOnly(`${field}.id`);
  if (event.acceptTime !== undefined) return outputOnly(`${field}.acceptTime`);
  const time = event.time && timeProblem(event.time, `${field}.time`, nowMs);
  if (time !== undefined) return time;
  const { deliverTime } = event;
  const later = deliverTime && deliverTimeProblem(deliverTime, `${field}.deliverTime`, nowMs);
  return later ?? dataProblem(event.data, `${field}.data`) ?? previousProblem(event, field);
}

function outputOnly(field: string): AppError {
  return invalid(field, "is set by Posthorn and must not be given", "output_only");
}

function dataProblem(data: Uint8Array, field: string): AppError | undefined {
  if (data.length === 0) return invalid(field, "is required: any JSON value", "required");
  if (data.length > eventLimits.dataBytesMax) return tooLarge(field, eventLimits.dataBytesMax);
  const problem = scanJson(data, jsonLimits);
  return problem && invalid(field, describe(problem), problem.reason);
}

function previousProblem(event: Event, field: string): AppError | undefined {
  const { previousData, previousAttributes } = event;
  if (previousData.length > 0 && previousAttributes.length > 0) {
    return invalid(`${field}.previousAttributes`, "must not stand beside previousData");
  }
  if (previousData.length > 0) return objectProblem(previousData, `${field}.previousData`);
  if (previousAttributes.length === 0) return undefined;
  return objectProblem(previousAttributes, `${field}.previousAttributes`);
}

function objectProblem(data: Uint8Array, field: string): AppError | undefined {
  const problem = dataProblem(data, field);
  if (problem !== undefined || isObject(data)) return problem;
  return invalid(field, "must be a JSON object");
}

function describe({ message, path, offset }: JsonProblem): string {
  const place = path === "" ? `byte ${offset}` : `${path.slice(0, 200)}, byte ${offset}`;
  return `${message} (at ${place})`;
}

/** Gives the `too_large` refusal of one field. */
export function tooLarge(field: string, bytesMax: number): AppError {
  const description = `must have at most ${bytesMax.toLocaleString("en-US")} bytes`;
  return new AppError("too_large", `${field}: ${description}`, {
    fields: [{ field, description, reason: "too_large" }],
  });
}
