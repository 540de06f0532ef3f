import { retryAfterMs } from "./retry-after.ts";

/** What came of an attempt, as far as the schedule cares. */
export interface AttemptFacts {
  /** 1 for the first attempt. */
  readonly number: number;
  readonly succeeded: boolean;
  /** 0 when there was no answer. */
  readonly statusCode: number;
  readonly retryAfter: string | undefined;
}

/** What follows an attempt. */
export type NextStep =
  | { readonly kind: "succeeded" }
  | { readonly kind: "retry"; readonly dueAt: Date }
  | { readonly kind: "exhausted" };

/** How much longer than scheduled a wait may be made at random, as a share of the wait. */
export const jitterShareMax = 0.1;

/**
 * Decides what follows an attempt. `delaysMs[n - 1]` is the wait after attempt n; when there is
 * none the delivery is exhausted. Jitter (`random` in [0, 1)) only lengthens a wait, and a
 * `Retry-After` is never undercut.
 */
export function nextStep(
  facts: AttemptFacts,
  schedule: { readonly delaysMs: readonly number[]; readonly now: Date; readonly random: number },
): NextStep {
  if (facts.succeeded) return { kind: "succeeded" };
  const delayMs = schedule.delaysMs[facts.number - 1];
  if (delayMs === undefined) return { kind: "exhausted" };
  const askedMs = retryAfterMs(facts.retryAfter, schedule.now) ?? 0;
  const waitMs = Math.max(delayMs, askedMs) * (1 + jitterShareMax * schedule.random);
  return { kind: "retry", dueAt: new Date(schedule.now.getTime() + Math.ceil(waitMs)) };
}

/**
 * Tells until when nothing more is sent to the webhook: a receiver that answers 429 or 503 with
 * `Retry-After` speaks for all of its deliveries. Undefined when it asked for nothing.
 */
export function laneBlockedUntil(facts: AttemptFacts, now: Date): Date | undefined {
  if (facts.statusCode !== 429 && facts.statusCode !== 503) return undefined;
  const waitMs = retryAfterMs(facts.retryAfter, now);
  return waitMs === undefined ? undefined : new Date(now.getTime() + waitMs);
}

/** Tells whether the receiver said that it is gone for good (410), which disables the webhook. */
export function saysGone(facts: AttemptFacts): boolean {
  return facts.statusCode === 410;
}
