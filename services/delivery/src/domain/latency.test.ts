import fc from "fast-check";
import { expect, test } from "vitest";
import { quantileMs } from "./latency.ts";

const boundsMs = [1, 2, 4, 8];

test.each([
  ["one attempt, half", [0, 0, 1, 0, 0], 0.5, 3],
  ["one attempt, all", [0, 0, 1, 0, 0], 1, 4],
  ["two ranges, the border", [5, 5, 0, 0, 0], 0.5, 1],
  ["two ranges, above", [5, 5, 0, 0, 0], 0.9, 1.8],
  ["empty ranges between", [1, 0, 0, 1, 0], 0.75, 6],
  ["the tail, which has no end", [1, 0, 0, 0, 99], 0.99, 8],
  ["no share at all", [0, 4, 0, 0, 0], 0, 1],
])("%s: %j at %d is %s ms", (_, counts, share, ms) => {
  expect(quantileMs({ counts, boundsMs }, share)).toBeCloseTo(ms);
});

test("there is none where nothing was sent", () => {
  expect(quantileMs({ counts: [0, 0, 0, 0, 0], boundsMs }, 0.5)).toBeUndefined();
});

test("is never off by more than a factor of two, above the first range", () => {
  const durations = fc.array(fc.integer({ min: 2, max: 8 }), { minLength: 1 });
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
      const counts = boundsMs.map(
        (to, index) => all.filter((ms) => ms <= to && ms > (boundsMs[index - 1] ?? 0)).length,
      );
      const sorted = all.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * all.length - 1e-9) - 1] ?? 0;
      const given = quantileMs({ counts: [...counts, 0], boundsMs }, share) ?? 0;
      expect(given).toBeGreaterThanOrEqual(exact / 2 - 1e-6);
      expect(given).toBeLessThanOrEqual(exact * 2 + 1e-6);
    }),
  );
});
