import { expect, test } from "vitest";
import { Shares } from "../domain/shares.ts";
import { noteWait } from "../domain/waits.ts";
import { emptyLane, type Item, type Lane } from "./lane.ts";
import { oldestDueMs } from "./oldest-due.ts";

const nowMs = 1_000_000;

function lane(changes: Partial<Lane> = {}): Lane {
  const owned = {
    partition: 1,
    epoch: "1",
    lost: new AbortController().signal,
    isSafe: () => true,
  };
  const share = new Shares<Lane>(8).join("s");
  return { ...emptyLane({ owned, webhookUuid: "w", workspaceUuid: "s", share }), ...changes };
}

function item(sinceMs: number): Item {
  const event = { uuid: "e", type: "t", time: "", traceparent: "", data: Buffer.alloc(0) };
  const its = { deliveryUuid: "d", day: "2026-01-01", attemptCount: 0, deliveryClass: 0 } as const;
  return { ...its, event, sinceMs, orderWaitMs: 0 };
}

/** A lane that was held back until that long ago, with a retry that is due for 10 s. */
function heldUntil(agoMs: number): Lane {
  const held = lane({ dueAtMs: [Infinity, nowMs - 10_000, Infinity] });
  noteWait(held.waitLog, "IN_FLIGHT", nowMs - 9_000);
  noteWait(held.waitLog, undefined, nowMs - agoMs);
  return held;
}

test.each<[string, readonly Lane[], readonly (number | undefined)[]]>([
  ["no lanes", [], [undefined, undefined, undefined]],
  ["an empty lane", [lane()], [undefined, undefined, undefined]],
  ["one in memory", [lane({ queues: [[item(nowMs - 40)], [], []] })], [40, undefined, undefined]],
  [
    "some in the schedule",
    [lane({ dueAtMs: [nowMs - 5, nowMs - 70, nowMs + 1] })],
    [5, 70, undefined],
  ],
  [
    "the oldest of several",
    [
      lane({ dueAtMs: [nowMs - 5, Infinity, Infinity] }),
      lane({ queues: [[item(nowMs - 40)], [], []] }),
    ],
    [40, undefined, undefined],
  ],
  [
    "a lane that is off",
    [lane({ isOff: true, dueAtMs: [0, 0, 0] })],
    [undefined, undefined, undefined],
  ],
  [
    "a lane that Retry-After holds back",
    [lane({ blockedUntilMs: nowMs + 1, dueAtMs: [0, 0, 0] })],
    [undefined, undefined, undefined],
  ],
  ["a lane that was held back until a moment ago", [heldUntil(30)], [undefined, 30, undefined]],
])("%s", (_, lanes, expected) => {
  expect(oldestDueMs(lanes, nowMs)).toEqual(expected);
});
