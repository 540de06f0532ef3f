import { expect, it } from "vitest";
import type { DeliveryClass } from "./shares.ts";
import { nextClass } from "./turns.ts";

function served(count: number, ...withWork: readonly DeliveryClass[]): number[] {
  const tally = [0, 0, 0];
  const counts = [0, 0, 0];
  for (let left = count; left > 0; left -= 1) {
    const deliveryClass = nextClass(tally, (one) => withWork.includes(one));
    if (deliveryClass !== undefined) counts[deliveryClass] = (counts[deliveryClass] ?? 0) + 1;
  }
  return counts;
}

it.each<[string, DeliveryClass[], number[]]>([
  ["fresh deliveries go most often, and none waits for ever", [0, 1, 2], [60, 20, 20]],
  ["live traffic has three of four turns beside replays", [0, 2], [75, 0, 25]],
  ["who is alone has every turn", [2], [0, 0, 100]],
  ["nobody has a turn without work", [], [0, 0, 0]],
])("%s", (_name, withWork, expected) => {
  expect(served(100, ...withWork)).toEqual(expected);
});

it("a fresh delivery that comes to waiting replays is the next but one at the latest", () => {
  const tally = [0, 0, 0];
  for (let n = 0; n < 1000; n += 1) nextClass(tally, (one) => one === 2);
  const next = [1, 2].map(() => nextClass(tally, (one) => one !== 1));
  expect(next).toContain(0);
});
