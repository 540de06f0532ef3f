/** How many POSTs a webhook bears at once, as far as its answers tell. Changed in place. */
export interface Concurrency {
  /**
   * At least 1; the part behind the point is progress towards the next whole one. Infinity: as
   * many as the webhook may have, also when a user raises that.
   */
  window: number;
  /** Below this each success adds one (slow start); above, a whole window of successes does. */
  steepBelow: number;
  /** Attempts that began before this time tell nothing new about an overload. */
  halvedAtMs: number;
}

/** Makes the concurrency of a webhook that nothing bad is known of: all that it may have. */
export function fullConcurrency(): Concurrency {
  return {
    window: Number.POSITIVE_INFINITY,
    steepBelow: Number.POSITIVE_INFINITY,
    halvedAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** Gives how many POSTs may be under way at once, at most `inFlightMax`. */
export function concurrencyLimit({ window }: Concurrency, inFlightMax: number): number {
  return window >= inFlightMax ? inFlightMax : Math.floor(window);
}

/** Tells whether the webhook bears all that it may have. */
export function isFullConcurrency({ window }: Concurrency, inFlightMax: number): boolean {
  return window >= inFlightMax;
}

/** Takes a success in: the window grows until it is `inFlightMax`. */
export function onBorne(concurrency: Concurrency, inFlightMax: number): void {
  const { window, steepBelow } = concurrency;
  if (window >= inFlightMax) return;
  const grown = window + (window < steepBelow ? 1 : 1 / window);
  concurrency.window = grown >= inFlightMax ? Number.POSITIVE_INFINITY : grown;
}

/**
 * Takes an overload in (429, 503 or a time-out): the window is halved, once for all attempts that
 * were under way together, and then grows slowly.
 */
export function onOverload(
  concurrency: Concurrency,
  inFlightMax: number,
  { startedAtMs, nowMs }: { readonly startedAtMs: number; readonly nowMs: number },
): void {
  if (startedAtMs < concurrency.halvedAtMs) return;
  concurrency.window = Math.max(1, Math.floor(Math.min(concurrency.window, inFlightMax) / 2));
  concurrency.steepBelow = concurrency.window;
  concurrency.halvedAtMs = nowMs;
}

/** Begins anew with one POST at a time, doubling with every round of successes. */
export function startSlowly(concurrency: Concurrency): void {
  concurrency.window = 1;
  concurrency.steepBelow = Number.POSITIVE_INFINITY;
}
