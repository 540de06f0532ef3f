import { type AppError, invalid } from "@posthorn/errors";
import { eventLimits } from "./limits.ts";

/** A point in time as it travels: whole seconds since 1970 and nanoseconds. */
export interface WireTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

/**
 * Gives the problem with the time at which an event happened, undefined when it is fine: from the
 * year 2000 on and at most five minutes ahead of `nowMs`. `field` is the JSON path of the time.
 */
export function timeProblem(time: WireTime, field: string, nowMs: number): AppError | undefined {
  const problem = shapeProblem(time, field);
  if (problem || msOf(time) <= nowMs + eventLimits.timeAheadMaxMs) return problem;
  return invalid(field, "must be at most 5 minutes ahead");
}

/**
 * Gives the problem with the time at which an event is to be sent, undefined when it is fine: from
 * the year 2000 on, since a past one means at once, and at most 14 days ahead of `nowMs`.
 */
export function deliverTimeProblem(
  time: WireTime,
  field: string,
  nowMs: number,
): AppError | undefined {
  const problem = shapeProblem(time, field);
  if (problem || msOf(time) <= nowMs + eventLimits.deliverAheadMaxMs) return problem;
  return invalid(field, "must be at most 14 days ahead");
}

function shapeProblem(time: WireTime, field: string): AppError | undefined {
  if (time.nanos < 0 || time.nanos > 999_999_999) {
    return invalid(field, "must have nanoseconds from 0 to 999,999,999");
  }
  if (msOf(time) >= eventLimits.timeMinMs) return undefined;
  return invalid(field, "must not be before the year 2000");
}

function msOf({ seconds, nanos }: WireTime): number {
  return Number(seconds) * 1_000 + nanos / 1_000_000;
}
