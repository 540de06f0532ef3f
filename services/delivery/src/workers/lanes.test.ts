import { systemClock } from "@posthorn/runtime";
import { describe, expect, it } from "vitest";
import { Shares } from "../domain/shares.ts";
import type { Item, Lane } from "./lane.ts";
import { type Remembered, rememberedOf } from "./lane-states.ts";
import { Lanes } from "./lanes.ts";
import type { OwnedPartition } from "./ownership.ts";

const never = Number.POSITIVE_INFINITY;

function setup(remembered: readonly (readonly [string, Remembered])[] = []) {
  const clock = { ...systemClock, nowMs: () => time.nowMs };
  const time = { nowMs: 1_000_000 };
  const lanes = new Lanes({ clock, shares: new Shares<Lane>(10), onTime: () => {} });
  const lost = new AbortController().signal;
  const owned: OwnedPartition = { partition: 1, epoch: "1", lost, isSafe: () => true };
  lanes.open(owned, new Map(remembered));
  const find = (webhookUuid = "w") => lanes.get({ partition: 1, webhookUuid, workspaceUuid: "s" });
  const get = (webhookUuid?: string): Lane => {
    const lane = find(webhookUuid);
    expect(lane).toBeDefined();
    return lane as Lane; // as expected
  };
  return { lanes, owned, find, get, time };
}

function item(name: string, { bytes = 10, deliveryClass = 0 as const } = {}): Item {
  const event = { uuid: "e", type: "t", time: "", traceparent: "", data: Buffer.alloc(bytes) };
  const key = { deliveryUuid: name, day: "2026-01-01", attemptCount: 0 };
  return { ...key, event, deliveryClass, sinceMs: 0, orderWaitMs: 0 };
}

const stored = {
  webhookUuid: "w",
  breakerState: "CLOSED",
  breakerReason: "",
  breakerWaitMs: 0,
  breakerOpenCount: 0,
  rateWaitMs: 0,
  concurrency: undefined,
  canceledBefore: undefined,
  blockedWaitMs: 0,
} as const;

describe("lanes", () => {
  it("remember what an earlier owner wrote of a webhook with nothing waiting", () => {
    const state = {
      ...stored,
      breakerState: "HALF_OPEN" as const,
      breakerReason: "why",
      breakerOpenCount: 3,
      rateWaitMs: 500,
      concurrency: 4,
      blockedWaitMs: 60_000,
    };
    const { get } = setup([["w", rememberedOf(state, 1_000_000)]]);
    expect(get()).toMatchObject({
      breaker: { state: "OPEN", reason: "why", untilMs: 1_000_000, openCount: 3 },
      rateFreeAtMs: 1_000_500,
      concurrency: { window: 4 },
      blockedUntilMs: 1_060_000,
    });
  });

  it("count what waits in memory, by number and bytes, through every way out", () => {
    const { lanes, owned, get } = setup();
    const own = get();
    for (const name of ["a", "b", "c", "d"]) lanes.enqueue(own, item(name, { bytes: 100 }));
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([4, 400]);
    lanes.remove(own, "b");
    lanes.dequeue(own, 0);
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([2, 200]);
    lanes.setAside(own);
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([0, 0]);
    expect(own.dueAtMs).toEqual([1_000_000, 1_000_000, 1_000_000]);
    lanes.enqueue(own, item("e"));
    lanes.close(owned);
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([0, 0]);
    lanes.stop();
  });

  it("leave half of the memory that is free to others", () => {
    const { lanes, get } = setup();
    const room = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map((name) => {
      const lane = get(name);
      const count = lanes.queueMax(lane, 0);
      for (let n = 0; n < count; n += 1) lanes.enqueue(lane, item(`${name}${n}`));
      return count;
    });
    expect(room[0]).toBe(1024);
    expect(room.at(-1)).toBeGreaterThan(4);
    expect(lanes.isFull).toBe(false);
  });

  it("leave few places to one whose events are very large", () => {
    const { lanes, get } = setup();
    const large = get("large");
    for (let n = 0; n < 60; n += 1) lanes.enqueue(large, item(`${n}`, { bytes: 1024 * 1024 }));
    expect(lanes.queueMax(large, 0)).toBe(4);
  });

  it("forget a lane five minutes after its last delivery, but not what was learned of its receiver", () => {
    const { lanes, get, time } = setup();
    const before = get();
    before.concurrency.window = 3;
    time.nowMs += 4 * 60_000;
    lanes.sweep();
    expect(get()).toBe(before);
    time.nowMs += 60_000;
    lanes.sweep();
    expect(get()).not.toBe(before);
    expect(get().concurrency.window).toBe(3);
    expect(get().dueAtMs).toEqual([never, never, never]);
  });

  it("give none of a partition that is not ours", () => {
    const { lanes, owned, find } = setup();
    lanes.close(owned);
    expect(find()).toBeUndefined();
  });
});
