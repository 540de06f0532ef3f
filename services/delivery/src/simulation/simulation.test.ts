import { expect, it } from "vitest";
import type { Rule } from "./memory-store.ts";
import { type Report, simulate } from "./simulation.ts";

// biome-ignore lint/style/noProcessEnv: a seed that failed somewhere is given by hand
const givenSeed = process.env["SIMULATION_SEED"];
const seeds = givenSeed === undefined ? [1, 2, 3] : [Number(givenSeed)];
const stepsPerSeed = 40_000;

function problemOf({ violations }: Report, seed: number): string | undefined {
  const [first] = violations;
  return first && `SIMULATION_SEED=${seed}: ${first.message}`;
}

it.each(seeds)(
  "no promise breaks in a world of crashes, frozen processes and lost answers (seed %d)",
  { timeout: 120_000 },
  async (seed) => {
    const report = await simulate({ seed, stepCount: stepsPerSeed });
    expect(problemOf(report, seed)).toBeUndefined();
    expect(report.stepCount).toBeGreaterThanOrEqual(stepsPerSeed);
    // Enough happened for that to mean something.
    expect(Object.values(report.troubles).every((count) => count > 0)).toBe(true);
    expect(report.tally.claims).toBeGreaterThan(10);
    expect(report.tally.retries).toBeGreaterThan(200);
  },
);

it("the same seed takes the same course", async () => {
  const [first, second] = [
    await simulate({ seed: 7, stepCount: 3_000 }),
    await simulate({ seed: 7, stepCount: 3_000 }),
  ];
  expect(second).toEqual(first);
});

it.each<[Rule, RegExp]>([
  ["epoch", /epoch \d+ wrote in partition \d, which is of epoch \d+/],
  ["offset", /partition \d went from \d+ to \d+, and stood at \d+/],
  ["lease", /partition \d of epoch \d+ was sent from \d+/],
  ["ended-stays", /a delivery went from CANCELED to/],
  ["retry-after", /before its Retry-After/],
  ["order", /was sent offset \d+ before \d+/],
])(
  "a store that breaks the rule of the %s is found out",
  { timeout: 120_000 },
  async (rule, message) => {
    const report = await simulate({ seed: 1, stepCount: 40_000, broken: [rule] });
    expect(problemOf(report, 1)).toMatch(message);
  },
);
