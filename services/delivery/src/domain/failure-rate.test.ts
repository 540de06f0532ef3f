import fc from "fast-check";
import { expect, it } from "vitest";
import { clearFailureRate, countAttempt, emptyFailureRate } from "./failure-rate.ts";

const minuteMs = 60_000;

function counted(...attempts: readonly (readonly [atMs: number, failed: boolean])[]) {
  const rate = emptyFailureRate();
  for (const [atMs, failed] of attempts) countAttempt(rate, failed, atMs);
  return [rate.attemptCount, rate.failureCount];
}

it("counts attempts and failures", () => {
  expect(counted([0, true], [1, false], [29_000, true])).toEqual([3, 2]);
});

it.each([
  ["keeps what is four minutes old", 4 * minuteMs, [2, 1]],
  ["drops what is more than five minutes old", 5 * minuteMs, [1, 0]],
  ["begins anew after a long pause", 500 * minuteMs, [1, 0]],
])("%s", (_name, laterMs, expected) => {
  expect(counted([0, true], [laterMs, false])).toEqual(expected);
});

it("forgets when it is told to", () => {
  const rate = emptyFailureRate();
  countAttempt(rate, true, 0);
  clearFailureRate(rate);
  countAttempt(rate, false, 1);
  expect([rate.attemptCount, rate.failureCount]).toEqual([1, 0]);
});

it("never counts less than the last four and a half minutes nor more than the last five", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 60 }), (gapsMs) => {
      const rate = emptyFailureRate();
      const times: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        times.push(nowMs);
        countAttempt(rate, true, nowMs);
      }
      const within = (ms: number) => times.filter((atMs) => atMs > nowMs - ms).length;
      expect(rate.failureCount).toBeGreaterThanOrEqual(within(4.5 * minuteMs));
      expect(rate.failureCount).toBeLessThanOrEqual(within(5 * minuteMs));
      expect(rate.attemptCount).toBe(rate.failureCount);
    }),
  );
});
