import { systemClock } from "@posthorn/runtime";
import { describe, expect, it } from "vitest";
import {
  canSend,
  canTake,
  emptyLane,
  type Item,
  isForgettable,
  type Lane,
  loadCount,
  nextMoveAtMs,
  shouldLoad,
} from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { OwnedPartition } from "./ownership.ts";

const nowMs = 1_000_000;
const queueMax = 4;

function owned(isSafe = true): OwnedPartition {
  return { partition: 1, epoch: "1", lost: new AbortController().signal, isSafe: () => isSafe };
}

function lane(changes: Partial<Lane> = {}): Lane {
  const key = { owned: owned(), webhookUuid: "w", workspaceUuid: "s", blockedUntilMs: 0 };
  return { ...emptyLane(key), ...changes };
}

function item(name = "d", bytes = 10): Item {
  const data = Buffer.alloc(bytes);
  const event = { uuid: "e", type: "t", time: "", traceparent: "", data };
  return { deliveryUuid: name, day: "2026-01-01", attemptCount: 0, event };
}

describe("a lane with a delivery in memory", () => {
  it.each([
    ["is sent to when it is open", {}, true],
    ["waits for a place", { sendingCount: 64 }, false],
    ["waits out Retry-After", { blockedUntilMs: nowMs + 1 }, false],
    ["is sent to again after Retry-After", { blockedUntilMs: nowMs }, true],
    ["waits while its webhook is off", { isOff: true }, false],
    ["waits when the lease may be over", { owned: owned(false) }, false],
  ])("%s", (_name, changes, expected) => {
    expect(canSend(lane({ queue: [item()], ...changes }), nowMs)).toBe(expected);
  });
});

describe("reading the schedule", () => {
  it.each([
    ["begins when something is due", { dueAtMs: nowMs }, true],
    ["waits for the due time", { dueAtMs: nowMs + 1 }, false],
    ["is not done twice at once", { dueAtMs: 0, isLoading: true }, false],
    ["waits while memory holds enough", { dueAtMs: 0, queue: [item(), item(), item()] }, false],
  ])("%s", (_name, changes, expected) => {
    expect(shouldLoad(lane(changes), nowMs, queueMax)).toBe(expected);
  });

  it("brings fewer deliveries where events are large", () => {
    expect(loadCount(lane(), 512)).toBe(512);
    expect(loadCount(lane({ meanBytes: 262_144 }), 512)).toBe(16);
    expect(loadCount(lane({ meanBytes: 1e9 }), 512)).toBe(1);
  });
});

describe("a fresh delivery", () => {
  it.each([
    ["is taken into memory", {}, true],
    ["is left to the schedule behind older ones", { dueAtMs: nowMs }, false],
    ["is left to the schedule while that is being read", { isLoading: true }, false],
    ["is left to the schedule when memory is full", { queue: Array(queueMax).fill(item()) }, false],
  ])("%s", (_name, changes, expected) => {
    expect(canTake(lane(changes), nowMs, queueMax)).toBe(expected);
  });
});

describe("the next look at a lane", () => {
  it.each([
    ["is when its next delivery is due", { dueAtMs: 5 }, 5],
    ["is not before Retry-After is over", { dueAtMs: 5, blockedUntilMs: 9 }, 9],
    ["is at once for what is in memory", { queue: [item()] }, 0],
    [
      "never comes by itself while the webhook is off",
      { dueAtMs: 5, isOff: true },
      Number.POSITIVE_INFINITY,
    ],
  ])("%s", (_name, changes, expected) => {
    expect(nextMoveAtMs(lane(changes))).toBe(expected);
  });
});

it("a lane is forgotten only when nothing waits, is under way or is blocked", () => {
  expect(isForgettable(lane(), nowMs)).toBe(true);
  expect(isForgettable(lane({ busy: new Set(["d"]) }), nowMs)).toBe(false);
  expect(isForgettable(lane({ dueAtMs: 5 }), nowMs)).toBe(false);
  expect(isForgettable(lane({ blockedUntilMs: nowMs + 1 }), nowMs)).toBe(false);
});

describe("lanes", () => {
  function setup(blocked: [string, number][] = []) {
    const lanes = new Lanes({ clock: { ...systemClock, nowMs: () => nowMs }, onReady: () => {} });
    const partition = owned();
    lanes.open(partition, new Map(blocked));
    const get = () => lanes.get({ partition: 1, webhookUuid: "w", workspaceUuid: "s" });
    return { lanes, partition, get };
  }

  it("remember a Retry-After of an earlier life for a webhook with nothing waiting", () => {
    const { get } = setup([["w", nowMs + 60_000]]);
    expect(get()?.blockedUntilMs).toBe(nowMs + 60_000);
  });

  it("count what waits in memory, by number and bytes, through every way out", () => {
    const { lanes, partition, get } = setup();
    const own = get();
    expect(own).toBeDefined();
    for (const name of ["a", "b", "c"]) if (own) lanes.enqueue(own, item(name, 100));
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([3, 300]);
    if (own) lanes.remove(own, "b");
    if (own) lanes.dequeue(own);
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([1, 100]);
    lanes.close(partition);
    expect([lanes.queuedCount, lanes.queuedBytes]).toEqual([0, 0]);
    lanes.stop();
  });

  it("give none of a partition that is not ours", () => {
    const { lanes, partition, get } = setup();
    lanes.close(partition);
    expect(get()).toBeUndefined();
  });
});
