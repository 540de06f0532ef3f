import { describe, expect, it } from "vitest";
import { isSlowRate, rateFreeAtMs, rateFreeUnder, rateOpensAtMs } from "./rate-limit.ts";

/** Sends as often as allowed for 30 s, looking every `stepMs`. Gives the times of sending. */
function sendFor30s(perSecond: number, { stepMs, freeAtMs = 0 }: Steps): number[] {
  const sent: number[] = [];
  let free = freeAtMs;
  for (let nowMs = 0; nowMs < 30_000; nowMs += stepMs) {
    while (rateOpensAtMs(free, perSecond) <= nowMs) {
      free = rateFreeAtMs(free, perSecond, nowMs);
      sent.push(nowMs);
    }
  }
  return sent;
}

interface Steps {
  readonly stepMs: number;
  readonly freeAtMs?: number;
}

describe("a rate limit", () => {
  it.each([
    [10, 1],
    [10, 16],
    [100, 1],
    [100, 50],
    [1000, 1],
    [1000, 15],
    [10_000, 1],
    [10_000, 50],
  ])("of %i a second holds within 5 %% over 30 s, looked at every %i ms", (perSecond, stepMs) => {
    const count = sendFor30s(perSecond, { stepMs }).length;
    expect(count / 30).toBeGreaterThan(perSecond * 0.95);
    expect(count / 30).toBeLessThan(perSecond * 1.05);
  });

  it.each([
    [1, 1],
    [10, 2],
    [50, 6],
    [1000, 101],
  ])("of %i a second lets %i go at once", (perSecond, burst) => {
    const atOnce = sendFor30s(perSecond, { stepMs: 1 }).filter((atMs) => atMs === 0);
    expect(atOnce).toHaveLength(burst);
  });

  it("goes on where it stood when its debt is restored", () => {
    const freeAtMs = rateFreeAtMs(0, 0.1, 2_000);
    expect(sendFor30s(0.1, { stepMs: 1, freeAtMs })[0]).toBe(11_900);
  });

  it("of 0 is none", () => {
    expect(rateOpensAtMs(rateFreeAtMs(0, 0, 5), 0)).toBe(0);
  });

  it("that is raised does not wait for the old one's debt", () => {
    const slow = rateFreeAtMs(0, 0.01, 0);
    expect(slow).toBe(100_000);
    expect(rateOpensAtMs(rateFreeUnder(slow, 100, 0), 100)).toBe(0);
    expect(rateFreeUnder(slow, 0, 0)).toBe(0);
  });

  it.each([
    [0, false],
    [0.5, true],
    [1, true],
    [1.5, false],
  ])("of %d a second is slow: %s", (perSecond, expected) => {
    expect(isSlowRate(perSecond)).toBe(expected);
  });
});
