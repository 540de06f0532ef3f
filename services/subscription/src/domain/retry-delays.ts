import type { FieldProblem } from "@posthorn/errors";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** What a schedule's waits may add up to: a fortnight, so that bodies outlive every attempt. */
export const retryTotalMsMax = 14 * 24 * hourMs;

/** The waits of a provider that sets none: ten attempts over 75 h 35 m and 5 s. */
export const defaultRetryDelaysMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/** Gives the problem of a schedule that takes longer than a fortnight; `field` is its path. */
export function retryProblems(
  delaysMs: readonly number[] | undefined,
  field: string,
): FieldProblem[] {
  const totalMs = (delaysMs ?? []).reduce((sum, delayMs) => sum + delayMs, 0);
  if (totalMs <= retryTotalMsMax) return [];
  return [{ field, description: "the waits add up to more than 14 days" }];
}
