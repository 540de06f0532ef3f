import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rebalance } from "./share.ts";

describe("rebalance", () => {
  test.each([
    ["a lone member takes all", ["a"], [null, null, null], { release: [], take: [0, 1, 2] }],
    ["a member that has its share rests", ["a", "b"], ["a", "b"], { release: [], take: [] }],
    ["a newcomer is made room for", ["a", "b"], ["a", "a", "a"], { release: [2], take: [] }],
    ["a lapsed member's are taken", ["a"], ["a", "b", "b"], { release: [], take: [1, 2] }],
    ["what is held is not taken", ["a", "b"], ["b", "b", "b"], { release: [], take: [] }],
    ["more members than partitions", ["0", "a"], ["a"], { release: [0], take: [] }],
  ])("%s", (_name, live, holders, expected) => {
    expect(rebalance({ me: "a", live, holders })).toEqual(expected);
  });

  test("comes to an even spread, with every partition held, from any start", () => {
    const members = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{1,4}$/), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(members, fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }), (live, picks) => {
        const holders = settle(
          live,
          picks.map((pick) => live[pick] ?? (pick > 7 ? "gone" : null)),
        );
        const counts = live.map((id) => holders.filter((holder) => holder === id).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(holders.length);
      }),
    );
  });
});

/** Lets each member act twice, one after the other: first all give up, then all take. */
function settle(live: readonly string[], start: readonly (string | null)[]): (string | null)[] {
  const holders = [...start];
  for (const me of [...live, ...live]) {
    const { release, take } = rebalance({ me, live, holders });
    for (const partition of release) holders[partition] = null;
    for (const partition of take) holders[partition] = me;
  }
  return holders;
}
