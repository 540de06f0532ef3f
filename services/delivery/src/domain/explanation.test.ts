import { describe, expect, test } from "vitest";
import {
  type EventVerdict,
  type ExplanationFacts,
  explain,
  skippedInWords,
  unsubscribedInWords,
} from "./explanation.ts";
import type { Skipped, Verdict } from "./match.ts";

const acceptedAt = new Date("2026-11-21T14:00:00Z");
const skip = (reason: Skipped["reason"], detail?: string): Skipped => ({
  webhook: "wh_1",
  reason,
  ...(detail !== undefined && { detail }),
});
const unsubscribed: Verdict = { kind: "unsubscribed" };
const delivered: Verdict = { kind: "delivered", matchedBy: "" };

function setup(changes: Partial<ExplanationFacts>): ExplanationFacts {
  return {
    eventType: "order.created",
    acceptedAt,
    createdAt: new Date("2026-11-20T00:00:00Z"),
    webhook: { eventTypes: ["invoice.*"], filter: "" },
    matchedBy: undefined,
    isTest: false,
    skipped: undefined,
    isSkippedWhole: true,
    now: unsubscribed,
    ...changes,
  };
}

const later = new Date("2026-11-21T14:00:01Z");

describe("a webhook", () => {
  test.each<[string, Partial<ExplanationFacts>, EventVerdict, string]>([
    [
      "got it by a pattern",
      { matchedBy: "order.*" },
      "MATCHED",
      "its event type order.* names order.created",
    ],
    ["was tested", { isTest: true }, "MATCHED", "the event was made to test it"],
    ["got it with all others", { matchedBy: "" }, "MATCHED", "it takes all event types"],
    [
      "got it past its filter",
      { matchedBy: "", webhook: { eventTypes: [], filter: "event.data.ok" } },
      "MATCHED",
      "it takes all event types, and its filter let the event pass",
    ],
    [
      "got it although it is deleted now",
      { matchedBy: "", webhook: undefined, now: undefined },
      "MATCHED",
      "it takes all event types",
    ],
    [
      "did not subscribe",
      {},
      "NOT_SUBSCRIBED",
      "its event types (invoice.*) do not name order.created",
    ],
    ["was filtered", { skipped: skip("FILTERED") }, "FILTERED", "its filter said no"],
    [
      "was off, and is deleted now",
      { skipped: skip("WEBHOOK_DISABLED"), webhook: undefined, now: undefined },
      "WEBHOOK_DISABLED",
      "it was disabled; a replay can send what it missed",
    ],
    [
      "came later",
      { createdAt: later, now: delivered },
      "CREATED_LATER",
      "it was created at 2026-11-21T14:00:01.000Z, and the event came at 2026-11-21T14:00:00.000Z",
    ],
    [
      "came later, and subscribes other types",
      { createdAt: later },
      "CREATED_LATER",
      "it was created at 2026-11-21T14:00:01.000Z, and the event came at 2026-11-21T14:00:00.000Z",
    ],
    [
      "was changed later",
      { now: delivered },
      "CHANGED_LATER",
      "it did not subscribe order.created when the event came; it was changed since",
    ],
    [
      "was changed and paused later",
      { now: { kind: "skipped", skipped: skip("WEBHOOK_PAUSED") } },
      "CHANGED_LATER",
      "it did not subscribe order.created when the event came; it was changed since",
    ],
    [
      "was one of too many to note",
      { now: { kind: "skipped", skipped: skip("FILTERED") }, isSkippedWhole: false },
      "FILTERED",
      "its filter says no",
    ],
  ])("that %s is told so", (_, changes, verdict, description) => {
    expect(explain(setup(changes))).toEqual({ verdict, description });
  });
});

test.each([
  [
    skip("WEBHOOK_PAUSED"),
    "it is paused, and skips events meanwhile; a replay can send what it missed",
  ],
  [
    skip("FILTER_ERROR", "no such key: ok"),
    "its filter cannot be evaluated on the event: no such key: ok",
  ],
  [skip("TYPE_FILTERED"), "the provider sends no such event of the type to anyone"],
  [
    skip("TYPE_FILTERED", "no such key: ok"),
    "the provider's filter of the type cannot be evaluated on the event: no such key: ok",
  ],
] as const)("%o is said in words", (skipped, words) => {
  expect(skippedInWords(skipped, "now")).toBe(words);
});

test("of many event types a few are named", () => {
  const types = ["a.a", "a.b", "a.c", "a.d", "a.e", "a.f", "a.g"];
  expect(unsubscribedInWords(types, "x.y")).toBe(
    "its event types (a.a, a.b, a.c, a.d, a.e, and 2 more) do not name x.y",
  );
});
