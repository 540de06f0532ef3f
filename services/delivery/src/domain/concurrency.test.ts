import { describe, expect, it } from "vitest";
import {
  type Concurrency,
  concurrencyLimit,
  fullConcurrency,
  isFullConcurrency,
  onBorne,
  onOverload,
  startSlowly,
} from "./concurrency.ts";

const inFlightMax = 64;
const limit = (concurrency: Concurrency) => concurrencyLimit(concurrency, inFlightMax);

/** A round of successes: as many as may be under way at once. */
function round(concurrency: Concurrency): void {
  for (let left = limit(concurrency); left > 0; left -= 1) onBorne(concurrency, inFlightMax);
}

describe("a webhook's concurrency", () => {
  it("is all that it may have while nothing bad is known", () => {
    expect(limit(fullConcurrency())).toBe(64);
    expect(concurrencyLimit(fullConcurrency(), 3)).toBe(3);
  });

  it("is halved by an overload, again and again, but never below 1", () => {
    const concurrency = fullConcurrency();
    const limits = [1, 2, 3, 4, 5, 6, 7, 8].map((nowMs) => {
      onOverload(concurrency, inFlightMax, { startedAtMs: nowMs, nowMs });
      return limit(concurrency);
    });
    expect(limits).toEqual([32, 16, 8, 4, 2, 1, 1, 1]);
  });

  it("is halved once by all attempts that were under way together", () => {
    const concurrency = fullConcurrency();
    for (const nowMs of [15_000, 15_001, 15_002]) {
      onOverload(concurrency, inFlightMax, { startedAtMs: 0, nowMs });
    }
    expect(limit(concurrency)).toBe(32);
  });

  it("grows by one with each round of successes after an overload", () => {
    const concurrency = fullConcurrency();
    onOverload(concurrency, inFlightMax, { startedAtMs: 0, nowMs: 1 });
    round(concurrency);
    round(concurrency);
    expect(limit(concurrency)).toBeGreaterThanOrEqual(33);
    expect(limit(concurrency)).toBeLessThanOrEqual(34);
  });

  it("doubles with each round after a slow start, up to what it may have", () => {
    const concurrency = fullConcurrency();
    startSlowly(concurrency);
    const limits = [0, 1, 2, 3, 4, 5, 6].map(() => {
      const before = limit(concurrency);
      round(concurrency);
      return before;
    });
    expect(limits).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(isFullConcurrency(concurrency, inFlightMax)).toBe(true);
  });

  it("stays within a limit that a user lowers, and is halved from there", () => {
    const concurrency = fullConcurrency();
    onOverload(concurrency, 8, { startedAtMs: 0, nowMs: 1 });
    expect(concurrencyLimit(concurrency, 8)).toBe(4);
    expect(concurrencyLimit(concurrency, 2)).toBe(2);
  });
});
