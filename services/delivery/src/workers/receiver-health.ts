import { onVerdict } from "../domain/breaker.ts";
import { onBorne, onOverload, startSlowly } from "../domain/concurrency.ts";
import { isOverload, verdictOf } from "../domain/verdict.ts";
import type { NewAttempt } from "../store/result.ts";
import type { Lane } from "./lane.ts";

/** An attempt, and when it was made on the monotonic clock. */
export interface Told {
  readonly made: NewAttempt;
  readonly isProbe: boolean;
  readonly startedAtMs: number;
  /** Whether the receiver asked to be left alone for a time. */
  readonly asksToWait: boolean;
}

/**
 * Takes in what an attempt tells of its receiver: how much it bears, and whether it answers at all.
 * Gives whether the lane has to be written for a next owner.
 */
export function learnFrom(lane: Lane, told: Told, nowMs: number): boolean {
  const { concurrency, breaker, webhook } = lane;
  const { outcome, statusCode, error } = told.made;
  const inFlightMax = webhook?.inFlightMax ?? 1;
  const answer = { outcome, statusCode, asksToWait: told.asksToWait };
  const verdict = verdictOf(answer);
  const windowBefore = concurrency.window;
  if (verdict === "success") onBorne(concurrency, inFlightMax);
  else if (isOverload(answer)) {
    onOverload(concurrency, inFlightMax, { startedAtMs: told.startedAtMs, nowMs });
  }
  const words = error === "" ? `the answer was ${statusCode}` : error;
  const change = onVerdict(breaker, verdict, { isProbe: told.isProbe, error: words, nowMs });
  if (change === "closed") startSlowly(concurrency);
  const { window } = concurrency;
  const isWhole = window > windowBefore && !Number.isFinite(window);
  return told.isProbe || change !== undefined || window < windowBefore || isWhole;
}
