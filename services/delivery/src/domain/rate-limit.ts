/**
 * How much may be sent ahead of the even pace. It makes up for timers that come late, and lets two
 * or three deliveries go together where the limit is some tens a second.
 */
const burstMs = 100;

/**
 * Gives when the next delivery may be sent, on the clock of `freeAtMs`: the time at which all that
 * was sent so far would be paid off at an even pace (GCRA's theoretical arrival time). A limit of 0
 * is none.
 */
export function rateOpensAtMs(freeAtMs: number, perSecond: number): number {
  return perSecond === 0 ? 0 : freeAtMs - burstMs;
}

/** Gives the time at which everything is paid off, once one more delivery is sent at `nowMs`. */
export function rateFreeAtMs(freeAtMs: number, perSecond: number, nowMs: number): number {
  return perSecond === 0 ? 0 : Math.max(freeAtMs, nowMs) + 1000 / perSecond;
}

/**
 * Gives the debt under another limit: a user who raises it does not wait for what was sent under
 * the old one.
 */
export function rateFreeUnder(freeAtMs: number, perSecond: number, nowMs: number): number {
  if (perSecond === 0) return 0;
  return Math.min(freeAtMs, nowMs + Math.max(1000 / perSecond, burstMs));
}

/**
 * Tells whether the debt has to be on disk before the delivery is sent: a crash would forget what
 * was sent in the last second, which at less than one a second is more than the limit bears.
 */
export function isSlowRate(perSecond: number): boolean {
  return perSecond > 0 && perSecond <= 1;
}
