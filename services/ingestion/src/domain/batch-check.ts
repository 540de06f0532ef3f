import { AppError } from "@posthorn/errors";
import { tooLarge } from "@posthorn/event";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { limits } from "./limits.ts";

/** Gives the refusal of a batch whose data has more than 4 MiB together, else undefined. */
export function batchSizeProblem(events: readonly Event[]): AppError | undefined {
  const dataBytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
  return dataBytes > limits.batchDataBytesMax
    ? tooLarge("events", limits.batchDataBytesMax)
    : undefined;
}

function bytesOf({ data, previousData, previousAttributes }: Event): number {
  return data.length + previousData.length + previousAttributes.length;
}

/** Gives the one refusal of a batch: with the reason of the first, and the fields of all. */
export function batchRefusal(refusals: readonly AppError[]): AppError | undefined {
  const [first, ...others] = refusals;
  if (first === undefined || others.length === 0) return first;
  const message = `${first.message} (and ${others.length} more of these events are refused)`;
  return new AppError(first.reason, message, { fields: refusals.flatMap(({ fields }) => fields) });
}
