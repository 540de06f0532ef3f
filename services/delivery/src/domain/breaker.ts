import {
  clearFailureRate,
  countAttempt,
  emptyFailureRate,
  type FailureRate,
} from "./failure-rate.ts";

/** CLOSED: sent to. OPEN: left alone. HALF_OPEN: one delivery is under way to see whether it answers. */
export type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** What an attempt tells of its receiver. */
export type Verdict =
  /** It took the delivery. */
  | "success"
  /** It answered, but not with success. */
  | "failure"
  /** It could not be reached, or did not answer in time. */
  | "unreachable"
  /** It asked to be left alone until a time of its choice: it works, and the lane waits anyway. */
  | "asked_to_wait";

/** Keeps deliveries from being spent on a receiver that is down. Changed in place. */
export interface Breaker {
  state: BreakerState;
  /** Why it is not closed, for people; empty when it is. */
  reason: string;
  /** When the next delivery may be tried; only while OPEN. */
  untilMs: number;
  /** How often it has opened in a row: the waits grow with it. */
  openCount: number;
  closedAtMs: number;
  /** Attempts in a row that did not reach the receiver. */
  unreachableCount: number;
  readonly rate: FailureRate;
}

const unreachableCountMax = 10;
const attemptCountMin = 10;
const failureShareMax = 0.7;
const firstWaitMs = 10_000;
const waitMsMax = 5 * 60_000;
/** One that opens again this soon after closing has not recovered: its waits go on growing. */
const relapseMs = 5 * 60_000;

/** Makes a closed breaker that has seen nothing. */
export function closedBreaker(): Breaker {
  return {
    state: "CLOSED",
    reason: "",
    untilMs: 0,
    openCount: 0,
    closedAtMs: 0,
    unreachableCount: 0,
    rate: emptyFailureRate(),
  };
}

/** Tells whether a delivery may be sent now. While not closed, the first that is becomes the probe. */
export function isPassable(breaker: Breaker, nowMs: number): boolean {
  switch (breaker.state) {
    case "CLOSED":
      return true;
    case "OPEN":
      return breaker.untilMs <= nowMs;
    case "HALF_OPEN":
      return false;
  }
}

/** Notes that a delivery is sent. True when it is the probe. */
export function beginProbe(breaker: Breaker): boolean {
  if (breaker.state === "CLOSED") return false;
  breaker.state = "HALF_OPEN";
  return true;
}

/** Notes that a probe came to nothing for a reason of our own; another may follow at once. */
export function abandonProbe(breaker: Breaker): void {
  if (breaker.state === "HALF_OPEN") breaker.state = "OPEN";
}

/**
 * Takes in what came of an attempt. `error` is what is told of it to people. Gives what changed:
 * `opened` (also again, after a probe that failed) or `closed`; undefined for nothing.
 */
export function onVerdict(
  breaker: Breaker,
  verdict: Verdict,
  at: { readonly isProbe: boolean; readonly error: string; readonly nowMs: number },
): "opened" | "closed" | undefined {
  if (at.isProbe) return onProbe(breaker, verdict, at);
  if (breaker.state !== "CLOSED" || verdict === "asked_to_wait") return undefined;
  count(breaker, verdict, at.nowMs);
  if (verdict === "success") return undefined;
  const reason = reasonToOpen(breaker, at.error);
  return reason === undefined ? undefined : open(breaker, reason, at.nowMs);
}

function onProbe(
  breaker: Breaker,
  verdict: Verdict,
  { error, nowMs }: { readonly error: string; readonly nowMs: number },
): "opened" | "closed" | undefined {
  switch (verdict) {
    case "success":
      closeBreaker(breaker, nowMs);
      return "closed";
    case "asked_to_wait":
      abandonProbe(breaker);
      return undefined;
    case "failure":
    case "unreachable":
      return open(breaker, `the last try failed, too: ${error}`, nowMs);
  }
}

function count(breaker: Breaker, verdict: Verdict, nowMs: number): void {
  countAttempt(breaker.rate, verdict !== "success", nowMs);
  breaker.unreachableCount = verdict === "unreachable" ? breaker.unreachableCount + 1 : 0;
}

function reasonToOpen({ unreachableCount, rate }: Breaker, error: string): string | undefined {
  if (unreachableCount >= unreachableCountMax) {
    return `${unreachableCount} attempts in a row did not reach it: ${error}`;
  }
  const { attemptCount, failureCount } = rate;
  if (attemptCount < attemptCountMin || failureCount < attemptCount * failureShareMax) return;
  return `${failureCount} of ${attemptCount} attempts within 5 minutes failed: ${error}`;
}

function open(breaker: Breaker, reason: string, nowMs: number): "opened" {
  const isRelapse = breaker.state !== "CLOSED" || nowMs - breaker.closedAtMs < relapseMs;
  breaker.openCount = isRelapse ? breaker.openCount + 1 : 1;
  breaker.state = "OPEN";
  breaker.reason = reason;
  breaker.untilMs = nowMs + openMs(breaker.openCount);
  forget(breaker);
  return "opened";
}

/** Gives how long a breaker stays open after it opened for the nth time in a row. */
export function openMs(openCount: number): number {
  return Math.min(firstWaitMs * 2 ** Math.min(openCount - 1, 10), waitMsMax);
}

/** Closes it: after a probe that succeeded, or because the webhook leads elsewhere by now. */
export function closeBreaker(breaker: Breaker, nowMs: number): void {
  breaker.state = "CLOSED";
  breaker.reason = "";
  breaker.untilMs = 0;
  breaker.closedAtMs = nowMs;
  forget(breaker);
}

function forget(breaker: Breaker): void {
  breaker.unreachableCount = 0;
  clearFailureRate(breaker.rate);
}
