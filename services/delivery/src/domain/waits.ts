/** What a delivery waited for before an attempt. */
export type WaitReason =
  /** The webhook's rate limit. */
  | "RATE_LIMIT"
  /** The webhook's breaker was open. */
  | "BREAKER"
  /** An earlier delivery of its ordering key. */
  | "ORDER"
  /** The webhook had as many POSTs under way as it may have, or bears. */
  | "IN_FLIGHT"
  /** The receiver asked to be left alone. */
  | "RETRY_AFTER"
  /** A free slot, or whatever else of ours. */
  | "SLOTS"
  /** The webhook was off. */
  | "PAUSED";

/** Milliseconds by what was waited for; what was not is absent. */
export type Waits = Readonly<Partial<Record<WaitReason, number>>>;

/** What a webhook kept its deliveries waiting for lately, oldest first. Changed in place. */
export interface WaitLog {
  readonly reasons: (WaitReason | undefined)[];
  readonly fromMs: number[];
}

const entryCountMax = 32;
/** Shorter waits are not worth telling. */
export const toldMsMin = 5;
const none: Waits = {};

/** Makes an empty log. */
export function emptyWaitLog(): WaitLog {
  return { reasons: [], fromMs: [] };
}

/** Notes what is waited for from now on; undefined when nothing holds deliveries back. */
export function noteWait(log: WaitLog, reason: WaitReason | undefined, nowMs: number): void {
  if (log.reasons.at(-1) === reason) return;
  if (log.reasons.length >= entryCountMax) {
    log.reasons.shift();
    log.fromMs.shift();
  }
  log.reasons.push(reason);
  log.fromMs.push(nowMs);
}

/**
 * Tells what was waited for from one time to another. What the log does not explain was a wait for
 * us (SLOTS). Waits of less than 5 ms are left out.
 */
export function waitsBetween(log: WaitLog, fromMs: number, toMs: number): Waits {
  if (toMs - fromMs < toldMsMin) return none;
  const waits: Partial<Record<WaitReason, number>> = { SLOTS: toMs - fromMs };
  let untilMs = toMs;
  for (let index = log.reasons.length - 1; index >= 0 && untilMs > fromMs; index -= 1) {
    const reason = log.reasons[index] ?? "SLOTS";
    const sinceMs = Math.max(log.fromMs[index] ?? 0, fromMs);
    const waitedMs = Math.max(untilMs - sinceMs, 0);
    waits.SLOTS = (waits.SLOTS ?? 0) - waitedMs;
    waits[reason] = (waits[reason] ?? 0) + waitedMs;
    untilMs = Math.min(untilMs, sinceMs);
  }
  return told(waits);
}

function told(waits: Waits): Waits {
  const entries = Object.entries(waits).filter(([, waitedMs]) => waitedMs >= toldMsMin);
  return Object.fromEntries(entries.map(([reason, waitedMs]) => [reason, Math.round(waitedMs)]));
}
