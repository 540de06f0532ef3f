import fc from "fast-check";
import { expect, it } from "vitest";
import { dueHeap } from "./due-heap.ts";

it("gives items by time and none before its time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 })),
      fc.integer({ min: 0, max: 1000 }),
      (times, nowMs) => {
        const heap = dueHeap<number>();
        for (const atMs of times) heap.push(atMs, atMs);
        const popped: number[] = [];
        for (let item = heap.popDue(nowMs); item !== undefined; item = heap.popDue(nowMs)) {
          popped.push(item);
        }
        expect(popped).toEqual(times.filter((atMs) => atMs <= nowMs).sort((a, b) => a - b));
        expect(heap.nextAtMs).toBe(
          Math.min(Number.POSITIVE_INFINITY, ...times.filter((atMs) => atMs > nowMs)),
        );
      },
    ),
  );
});
