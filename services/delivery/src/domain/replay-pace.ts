/** What a replay that was kept waiting may make up for, at most. */
const burstMs = 1000;

/** How many deliveries a replay may make now. */
export interface Allowance {
  /** Infinity without a limit. */
  readonly countMax: number;
  /** How long until it may make the next one; 0 when it may make one now. */
  readonly waitMs: number;
  /** Gives when the next one may be made after `count` were made now. */
  nextAt(count: number): Date;
}

/**
 * Tells how many deliveries a replay may make now. `perSecond` is its limit, 0 for none; `nextAt`
 * is when the next one may be made. Time that it could not use is made up for up to one second.
 */
export function allowance(perSecond: number, nextAt: Date, now: Date): Allowance {
  const nowMs = now.getTime();
  if (perSecond === 0) return { countMax: Number.POSITIVE_INFINITY, waitMs: 0, nextAt: () => now };
  const everyMs = 1000 / perSecond;
  const fromMs = Math.max(nextAt.getTime(), nowMs - burstMs);
  const countMax = fromMs > nowMs ? 0 : 1 + Math.floor((nowMs - fromMs) / everyMs);
  return {
    countMax,
    waitMs: Math.max(fromMs - nowMs, 0),
    nextAt: (count) => new Date(Math.ceil(fromMs + count * everyMs)),
  };
}
