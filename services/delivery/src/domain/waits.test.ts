import { describe, expect, it } from "vitest";
import { emptyWaitLog, noteWait, type WaitReason, waitsBetween } from "./waits.ts";

type Note = readonly [WaitReason | undefined, number];

function logOf(...notes: readonly Note[]) {
  const log = emptyWaitLog();
  for (const [reason, nowMs] of notes) noteWait(log, reason, nowMs);
  return log;
}

describe("waits", () => {
  it.each<[string, Note[], [number, number], Record<string, number>]>([
    ["shorter than 5 ms are not told", [["BREAKER", 0]], [100, 104], {}],
    ["that nothing explains were for us", [], [100, 200], { SLOTS: 100 }],
    ["lie within what the webhook did", [["BREAKER", 0]], [100, 200], { BREAKER: 100 }],
    [
      "are told one by one, those of one kind together",
      [
        ["RATE_LIMIT", 0],
        ["IN_FLIGHT", 120],
        ["RATE_LIMIT", 150],
      ],
      [100, 200],
      { RATE_LIMIT: 70, IN_FLIGHT: 30 },
    ],
    [
      "were for us where the webhook was free",
      [
        ["PAUSED", 0],
        [undefined, 140],
      ],
      [100, 200],
      { PAUSED: 40, SLOTS: 60 },
    ],
    [
      "before the log began were for us",
      [["RETRY_AFTER", 160]],
      [100, 200],
      { SLOTS: 60, RETRY_AFTER: 40 },
    ],
    [
      "end when the delivery is sent",
      [
        ["BREAKER", 0],
        ["IN_FLIGHT", 500],
      ],
      [100, 200],
      { BREAKER: 100 },
    ],
  ])("%s", (_name, notes, [fromMs, toMs], expected) => {
    expect(waitsBetween(logOf(...notes), fromMs, toMs)).toEqual(expected);
  });

  it("are remembered for the latest changes only", () => {
    const reasons = ["RATE_LIMIT", "IN_FLIGHT"] as const;
    const notes = Array.from({ length: 1000 }, (_, n): Note => [reasons[n % 2], n]);
    const log = logOf(...notes);
    expect(log.reasons.length).toBeLessThanOrEqual(32);
    expect(waitsBetween(log, 980, 1000)).toEqual({ RATE_LIMIT: 10, IN_FLIGHT: 10 });
  });
});
