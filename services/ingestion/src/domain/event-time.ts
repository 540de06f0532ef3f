import { type AppError, invalid } from "@posthorn/errors";
import { limits } from "./limits.ts";

/** A point in time as it travels: whole seconds since 1970 and nanoseconds. */
export interface WireTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

/**
 * Gives the problem with an event's time, undefined when it is fine: from the year 2000 on and at
 * most five minutes ahead of `nowMs`. `field` is the JSON path of the time.
 */
export function timeProblem(time: WireTime, field: string, nowMs: number): AppError | undefined {
  if (time.nanos < 0 || time.nanos > 999_999_999) {
    return invalid(field, "must have nanoseconds from 0 to 999,999,999");
  }
  const timeMs = Number(time.seconds) * 1_000 + time.nanos / 1_000_000;
  if (timeMs < limits.timeMinMs) return invalid(field, "must not be before the year 2000");
  if (timeMs <= nowMs + limits.timeAheadMaxMs) return undefined;
  return invalid(field, "must be at most 5 minutes ahead");
}
