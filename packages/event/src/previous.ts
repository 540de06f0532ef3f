import { AppError } from "@posthorn/errors";
import { previousAttributes } from "@posthorn/json";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { eventLimits } from "./limits.ts";

/**
 * Gives a checked event with `previous_attributes` in place of its `previous_data`; one that has
 * none is given back as it is. Throws `too_large` when they would have more than 262,144 bytes.
 */
export function withPreviousAttributes(event: Event, field: string): Event {
  if (event.previousData.length === 0) return event;
  const bytesMax = eventLimits.dataBytesMax;
  const changed = previousAttributes(event.previousData, event.data, bytesMax);
  if (changed !== undefined) {
    return { ...event, previousData: new Uint8Array(), previousAttributes: changed };
  }
  const description =
    `so much differs from the data that previousAttributes would have more than ` +
    `${bytesMax.toLocaleString("en-US")} bytes`;
  throw new AppError("too_large", `${field}.previousData: ${description}`, {
    fields: [{ field: `${field}.previousData`, description, reason: "too_large" }],
  });
}
