import { describe, expect, test } from "vitest";
import { type LaneFacts, type PresentWait, type WaitFacts, waitingFor } from "./waiting-for.ts";

const now = new Date("2026-11-21T14:00:00Z");
const at = (s: number) => new Date(now.getTime() + s * 1_000);
const quiet: LaneFacts = {
  blockedUntil: undefined,
  breakerState: "CLOSED",
  breakerReason: "",
  breakerUntil: undefined,
};
const open: LaneFacts = {
  ...quiet,
  breakerState: "OPEN",
  breakerReason: "10 attempts in a row did not reach it",
  breakerUntil: at(30),
};

function setup(changes: Partial<WaitFacts>): WaitFacts {
  return {
    now,
    webhook: "ACTIVE",
    ratePerSecond: 0,
    attemptCount: 1,
    dueAt: at(-1),
    lane: quiet,
    isOwned: true,
    hold: undefined,
    isUnderWay: false,
    isReplayPaused: false,
    behind: undefined,
    ...changes,
  };
}

describe("a delivery waits", () => {
  test.each<[string, Partial<WaitFacts>, PresentWait, Date | undefined]>([
    ["for its turn when nothing else is known", {}, "SLOTS", undefined],
    [
      "for its turn although its webhook was never sent to",
      { lane: undefined },
      "SLOTS",
      undefined,
    ],
    ["for the schedule", { dueAt: at(5) }, "RETRY", at(5)],
    ["for its time", { dueAt: at(5), attemptCount: 0 }, "DELIVER_TIME", at(5)],
    [
      "for its webhook, whatever else",
      { webhook: "PAUSED", dueAt: at(5), lane: open },
      "PAUSED",
      undefined,
    ],
    ["for its webhook, when we switched it off", { webhook: "DISABLED" }, "PAUSED", undefined],
    ["for the answer", { isUnderWay: true, dueAt: at(5) }, "ANSWER", undefined],
    ["for its replay", { isReplayPaused: true, attemptCount: 0 }, "REPLAY_PAUSED", undefined],
    ["for Retry-After", { lane: { ...quiet, blockedUntil: at(9) } }, "RETRY_AFTER", at(9)],
    [
      "no longer for a Retry-After that is over",
      { lane: { ...quiet, blockedUntil: at(-9) } },
      "SLOTS",
      undefined,
    ],
    [
      "for the schedule beyond Retry-After",
      { dueAt: at(20), lane: { ...quiet, blockedUntil: at(9) } },
      "RETRY",
      at(20),
    ],
    ["for the breaker", { lane: open }, "BREAKER", at(30)],
    ["for the breaker beyond the schedule", { lane: open, dueAt: at(20) }, "BREAKER", at(30)],
    ["for the schedule beyond the breaker", { lane: open, dueAt: at(40) }, "RETRY", at(40)],
    [
      "for the breaker's probe",
      { lane: { ...open, breakerState: "HALF_OPEN", breakerUntil: at(-1) } },
      "BREAKER",
      undefined,
    ],
    ["for an owner", { isOwned: false }, "OWNER", undefined],
    ["for the schedule before it needs an owner", { isOwned: false, dueAt: at(5) }, "RETRY", at(5)],
    ["for the one before it", { behind: "dlv_1" }, "ORDER", undefined],
    ["for the rate limit", { hold: "RATE_LIMIT", ratePerSecond: 5 }, "RATE_LIMIT", undefined],
    ["for its webhook, which is being disabled", { hold: "PAUSED" }, "PAUSED", undefined],
    ["for a place at its webhook", { hold: "IN_FLIGHT" }, "IN_FLIGHT", undefined],
  ])("%s", (_, changes, reason, until) => {
    expect(waitingFor(setup(changes))).toMatchObject({ reason, until });
  });

  test.each<[Partial<WaitFacts>, string]>([
    [{ dueAt: at(5) }, "the retry schedule has it tried again at 2026-11-21T14:00:05.000Z, in 5 s"],
    [
      { lane: { ...quiet, blockedUntil: at(90) } },
      "its receiver asked by Retry-After to be left alone until 2026-11-21T14:01:30.000Z, in 1 min 30 s",
    ],
    [
      { lane: open },
      "its webhook's receiver is spared (10 attempts in a row did not reach it); a delivery is tried at 2026-11-21T14:00:30.000Z, in 30 s",
    ],
    [{ behind: "dlv_1" }, "dlv_1, of the same ordering key, comes first and has not ended"],
    [{ webhook: "PAUSED" }, "its webhook is paused, and it goes on with it"],
    [{ hold: "RATE_LIMIT", ratePerSecond: 5 }, "its turn comes under the limit of 5 a second"],
  ])("and says so: %o", (changes, description) => {
    expect(waitingFor(setup(changes)).description).toBe(description);
  });
});
