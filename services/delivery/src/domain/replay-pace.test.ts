import { expect, it } from "vitest";
import { allowance } from "./replay-pace.ts";

const now = new Date("2026-11-21T10:00:00Z");
const at = (ms: number) => new Date(now.getTime() + ms);

it("without a rate there is no limit", () => {
  const { countMax, waitMs } = allowance(0, at(60_000), now);
  expect({ countMax, waitMs }).toEqual({ countMax: Number.POSITIVE_INFINITY, waitMs: 0 });
});

it.each([
  ["the first may be made at once", 10, 0, 1, 0],
  ["what was not used is made up for", 10, -500, 6, 0],
  ["up to one second of it", 10, -60_000, 11, 0],
  ["one that is not due has to wait", 10, 70, 0, 70],
  ["slow rates wait long", 0.1, 9_000, 0, 9_000],
  ["a fast one makes many at once", 10_000, -100, 1_001, 0],
])("%s", (_, perSecond, nextAtMs, countMax, waitMs) => {
  expect(allowance(perSecond, at(nextAtMs), now)).toMatchObject({ countMax, waitMs });
});

it("a minute's worth takes a minute, however it is asked for", () => {
  let nextAt = now;
  let count = 0;
  for (let ms = 0; ms < 60_000; ms += 130) {
    const { countMax, nextAt: after } = allowance(7, nextAt, at(ms));
    const taken = Math.min(countMax, 3);
    nextAt = after(taken);
    count += taken;
  }
  expect(count).toBeLessThanOrEqual(7 * 60 + 1);
  expect(count).toBeGreaterThan(7 * 60 - 5);
});
