import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type GatherOptions, gather } from "./gather.ts";

interface Item {
  readonly id: number;
  readonly bytes: number;
}

describe("gather", () => {
  test("flushes a lone item at once", async () => {
    const { calls, add, finish } = setup();
    const added = add(1);
    await turn();
    expect(calls).toEqual([[1]]);
    finish();
    await added;
  });

  test("gathers what comes while a flush runs into the next", async () => {
    const { calls, add, finish } = setup();
    const first = add(1);
    await turn();
    const later = [add(2), add(3)];
    await turn();
    expect(calls).toEqual([[1]]);
    finish();
    await first;
    finish();
    await Promise.all(later);
    expect(calls).toEqual([[1], [2, 3]]);
  });

  test("flushes together what was added in one turn", async () => {
    const { calls, add, finish } = setup();
    const added = [add(1), add(2)];
    finish();
    await Promise.all(added);
    expect(calls).toEqual([[1, 2]]);
  });

  test.each([
    ["by count", { flushCountMax: 2 }, [1, 1, 1, 1, 1], [[1, 2], [3, 4], [5]]],
    ["by bytes", { flushBytesMax: 10 }, [6, 4, 6, 5, 1], [[1, 2], [3], [4, 5]]],
    ["an item above the limit alone", { flushBytesMax: 10 }, [1, 50, 1], [[1], [2], [3]]],
  ])("limits a flush %s", async (_name, limits, sizes, expected) => {
    const { calls, add, finish } = setup(limits);
    const added = sizes.map((bytes, index) => add(index + 1, bytes));
    for (const _ of sizes) finish();
    await Promise.all(added);
    expect(calls).toEqual(expected);
  });

  test("fails everything of a flush that failed, and goes on", async () => {
    const { calls, add, finish, fail } = setup({ flushCountMax: 2 });
    const added = Promise.allSettled([add(1), add(2), add(3)]);
    fail(new Error("away"));
    finish();
    const outcomes = (await added).map(({ status }) => status);
    expect(outcomes).toEqual(["rejected", "rejected", "fulfilled"]);
    expect(calls).toEqual([[1, 2], [3]]);
  });

  test("refuses what would wait beyond the limit", async () => {
    const { add, finish } = setup({ waitingBytesMax: 10 });
    const fitting = add(1, 6);
    await expect(add(2, 5)).rejects.toMatchObject({ reason: "unavailable" });
    finish();
    await fitting;
  });

  test("refuses what has waited too long, without a flush", async () => {
    let nowMs = 0;
    const { calls, add, finish } = setup({ flushCountMax: 1, now: () => nowMs });
    const first = add(1);
    const second = add(2);
    nowMs = 5_000;
    finish();
    await first;
    await expect(second).rejects.toMatchObject({ reason: "unavailable" });
    expect(calls).toEqual([[1]]);
  });

  test("is idle when all was flushed", async () => {
    const { calls, add, finish, gathered } = setup({ flushCountMax: 1 });
    const added = [add(1), add(2)];
    finish();
    finish();
    await gathered.idle();
    expect(calls).toEqual([[1], [2]]);
    await Promise.all(added);
  });
});

/** A gather whose flushes end as they are told, in turn. */
function setup(options: Partial<GatherOptions<Item>> = {}) {
  const calls: number[][] = [];
  const endings: PromiseWithResolvers<void>[] = [];
  let begun = 0;
  let ended = 0;
  const gathered = gather<Item>({
    flush(items) {
      calls.push(items.map(({ id }) => id));
      return endingOf(begun++).promise;
    },
    countOf: () => 1,
    bytesOf: ({ bytes }) => bytes,
    flushCountMax: 100,
    flushBytesMax: 1_000,
    waitingBytesMax: 10_000,
    waitMsMax: 1_000,
    ...options,
  });
  return {
    calls,
    gathered,
    add: (id: number, bytes = 1) => gathered.add({ id, bytes }),
    finish: () => endingOf(ended++).resolve(),
    fail: (error: Error) => endingOf(ended++).reject(error),
  };

  function endingOf(index: number): PromiseWithResolvers<void> {
    const ending = endings[index] ?? Promise.withResolvers<void>();
    ending.promise.catch(() => {}); // It may be told to fail before its flush begins.
    endings[index] = ending;
    return ending;
  }
}
