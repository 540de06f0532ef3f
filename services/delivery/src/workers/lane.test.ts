import { describe, expect, it } from "vitest";
import { Shares } from "../domain/shares.ts";
import type { WaitReason } from "../domain/waits.ts";
import {
  canTake,
  emptyLane,
  holdOf,
  type Item,
  isForgettable,
  isNarrow,
  type Lane,
  loadCount,
  nextMoveAtMs,
  queueMaxOf,
  shouldLoad,
} from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { KnownWebhook } from "./subscriptions.ts";

const nowMs = 1_000_000;
const queueMax = 4;
const never = Number.POSITIVE_INFINITY;

function owned(isSafe = true): OwnedPartition {
  return { partition: 1, epoch: "1", lost: new AbortController().signal, isSafe: () => isSafe };
}

function lane(changes: Partial<Lane> = {}): Lane {
  const share = new Shares<Lane>(10).join("s");
  const empty = emptyLane({ owned: owned(), webhookUuid: "w", workspaceUuid: "s", share });
  return Object.assign(empty, { webhook: webhook() }, changes);
}

function webhook(changes: Partial<KnownWebhook> = {}): KnownWebhook {
  return { inFlightMax: 64, ratePerSecond: 0, ...changes } as KnownWebhook; // what lanes look at
}

function item(name = "d"): Item {
  const event = { uuid: "e", type: "t", time: "", traceparent: "", data: Buffer.alloc(10) };
  const key = { deliveryUuid: name, day: "2026-01-01", attemptCount: 0 };
  return { ...key, event, deliveryClass: 0, sinceMs: nowMs, orderWaitMs: 0 };
}

function breaker(changes: Partial<Lane["breaker"]>): Partial<Lane> {
  return { breaker: { ...lane().breaker, ...changes } };
}

describe("a lane", () => {
  it.each<[string, Partial<Lane>, WaitReason | undefined]>([
    ["lets deliveries go", {}, undefined],
    ["holds them while its webhook is off", { isOff: true }, "PAUSED"],
    ["holds them while they are canceled", { isCanceling: true }, "PAUSED"],
    ["waits out Retry-After", { blockedUntilMs: nowMs + 1 }, "RETRY_AFTER"],
    ["goes on after Retry-After", { blockedUntilMs: nowMs }, undefined],
    ["waits after a fault of ours", { blockedUntilMs: nowMs + 1, isFaultOfOurs: true }, "SLOTS"],
    ["waits while its breaker is open", breaker({ state: "OPEN", untilMs: nowMs + 1 }), "BREAKER"],
    ["lets a probe go in time", breaker({ state: "OPEN", untilMs: nowMs }), undefined],
    ["waits for its probe", breaker({ state: "HALF_OPEN" }), "BREAKER"],
    [
      "waits for its rate limit",
      { webhook: webhook({ ratePerSecond: 1 }), rateFreeAtMs: nowMs + 1000 },
      "RATE_LIMIT",
    ],
    ["waits for a place", { sendingCount: 64 }, "IN_FLIGHT"],
    [
      "waits for a place that its receiver bears",
      { sendingCount: 2, concurrency: { window: 2, steepBelow: 2, halvedAtMs: 0 } },
      "IN_FLIGHT",
    ],
    [
      "sends one at a time before its webhook is known",
      { webhook: undefined, sendingCount: 1 },
      "IN_FLIGHT",
    ],
  ])("%s", (_name, changes, expected) => {
    expect(holdOf(lane(changes), nowMs)).toBe(expected);
  });
});

describe("reading the schedule", () => {
  it.each<[string, Partial<Lane>, boolean]>([
    ["begins when something is due", { dueAtMs: [nowMs, never, never] }, true],
    ["waits for the due time", { dueAtMs: [nowMs + 1, never, never] }, false],
    ["looks at each class alone", { dueAtMs: [never, nowMs, nowMs] }, false],
    [
      "is not done twice at once",
      { dueAtMs: [nowMs, never, never], isLoading: [true, false, false] },
      false,
    ],
    [
      "is done while another class is read",
      { dueAtMs: [nowMs, never, never], isLoading: [false, true, true] },
      true,
    ],
    [
      "waits while memory holds enough",
      { dueAtMs: [nowMs, never, never], queues: [[item(), item(), item()], [], []] },
      false,
    ],
    [
      "does not wait for what other classes have in memory",
      { dueAtMs: [nowMs, never, never], queues: [[], [item(), item(), item()], []] },
      true,
    ],
    [
      "waits when the lease may be over",
      { dueAtMs: [nowMs, never, never], owned: owned(false) },
      false,
    ],
  ])("%s", (_name, changes, expected) => {
    expect(shouldLoad(lane(changes), 0, { nowMs, queueMax })).toBe(expected);
  });

  it("brings fewer deliveries where events are large", () => {
    expect(loadCount(lane(), 512)).toBe(512);
    expect(loadCount(lane({ meanBytes: 262_144 }), 512)).toBe(16);
    expect(loadCount(lane({ meanBytes: 1e9 }), 512)).toBe(1);
  });

  it.each<[string, Partial<Lane>, number]>([
    ["brings many", {}, 1024],
    [
      "brings no more than a rate limit lets go soon",
      { webhook: webhook({ ratePerSecond: 2 }) },
      11,
    ],
    ["brings one where one is tried", breaker({ state: "OPEN" }), 1],
  ])("%s", (_name, changes, expected) => {
    expect(queueMaxOf(lane(changes), 0)).toBe(expected);
  });
});

describe("a fresh delivery", () => {
  it.each<[string, Partial<Lane>, boolean]>([
    ["is taken into memory", {}, true],
    ["is taken in front of a million retries and replays", { dueAtMs: [never, 0, 0] }, true],
    ["is left to the schedule behind older ones", { dueAtMs: [nowMs, never, never] }, false],
    [
      "is left to the schedule while that is being read",
      { isLoading: [true, false, false] },
      false,
    ],
    [
      "is left to the schedule when memory is full",
      { queues: [Array(queueMax).fill(item()), [], []] },
      false,
    ],
    ["is left to the schedule while the webhook is off", { isOff: true }, false],
    [
      "is left to the schedule while the breaker is open",
      breaker({ state: "OPEN", untilMs: nowMs + 1 }),
      false,
    ],
  ])("%s", (_name, changes, expected) => {
    expect(canTake(lane(changes), { nowMs, queueMax })).toBe(expected);
  });
});

describe("the next look at a lane", () => {
  it.each<[string, Partial<Lane>, number]>([
    ["is when its next delivery is due", { dueAtMs: [9, 5, 7] }, 5],
    ["is not before Retry-After is over", { dueAtMs: [5, 5, 5], blockedUntilMs: 9 }, 9],
    [
      "is not before a probe may go",
      { dueAtMs: [5, 5, 5], ...breaker({ state: "OPEN", untilMs: 11 }) },
      11,
    ],
    [
      "is not before the rate limit lets what is in memory go",
      { queuedCount: 1, webhook: webhook({ ratePerSecond: 1 }), rateFreeAtMs: 1100 },
      1000,
    ],
    ["is at once for what is in memory", { queuedCount: 1 }, 0],
    ["never comes by itself while the webhook is off", { dueAtMs: [5, 5, 5], isOff: true }, never],
    ["never comes by itself while a probe is under way", breaker({ state: "HALF_OPEN" }), never],
  ])("%s", (_name, changes, expected) => {
    expect(nextMoveAtMs(lane(changes))).toBe(expected);
  });
});

it.each<[string, Partial<Lane>, boolean]>([
  ["has room for more than one", {}, false],
  ["has room for one", { sendingCount: 63 }, true],
  ["has a rate limit", { webhook: webhook({ ratePerSecond: 1 }) }, true],
  ["tries one", breaker({ state: "OPEN" }), true],
])("a lane that %s chooses which class goes next: %s", (_name, changes, expected) => {
  expect(isNarrow(lane(changes))).toBe(expected);
});

const longAgo = { lastUsedMs: nowMs - 5 * 60_000 };

it.each<[string, Partial<Lane>, boolean]>([
  ["nothing waits and nothing happened for long", longAgo, true],
  ["it was sent to a minute ago", { lastUsedMs: nowMs - 60_000 }, false],
  ["a result is not written yet", { ...longAgo, busy: new Set(["d"]) }, false],
  ["a retry is due later", { ...longAgo, dueAtMs: [never, 5, never] }, false],
  ["Retry-After is not over", { ...longAgo, blockedUntilMs: nowMs + 1 }, false],
  ["a rate limit is not paid off", { ...longAgo, rateFreeAtMs: nowMs + 1 }, false],
  ["its breaker is open", { ...longAgo, ...breaker({ state: "OPEN" }) }, false],
])("a lane of which %s may be forgotten: %s", (_name, changes, expected) => {
  expect(isForgettable(lane(changes), nowMs)).toBe(expected);
});
