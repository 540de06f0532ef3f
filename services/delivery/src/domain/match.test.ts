import { describe, expect, it } from "vitest";
import { isSubscribed, matchWebhooks } from "./match.ts";

describe("isSubscribed", () => {
  it.each([
    ["no pattern takes every type", "order.created", [], true],
    ["an exact name", "order.created", ["invoice.paid", "order.created"], true],
    ["another name", "order.created", ["order.updated"], false],
    ["a prefix one part up", "order.created", ["order.*"], true],
    ["a prefix two parts up", "order.status.changed", ["order.*"], true],
    ["not the prefix itself", "order", ["order.*"], false],
    ["not a longer word", "orders.created", ["order.*"], false],
    ["a name that merely begins alike", "order.created.again", ["order.created"], false],
  ])("%s", (_name, type, patterns, expected) => {
    expect(isSubscribed(type, patterns)).toBe(expected);
  });
});

describe("matchWebhooks", () => {
  it("skips webhooks that are off, with the reason, and leaves out what does not match", () => {
    const on = { id: "wh_on", eventTypes: [], state: "ACTIVE" as const };
    const matches = matchWebhooks("order.created", [
      on,
      { id: "wh_paused", eventTypes: ["order.*"], state: "PAUSED" },
      { id: "wh_disabled", eventTypes: ["order.created"], state: "DISABLED" },
      { id: "wh_other", eventTypes: ["invoice.paid"], state: "PAUSED" },
    ]);
    expect(matches.deliver).toEqual([on]);
    expect(matches.skipped).toEqual([
      { webhook: "wh_paused", reason: "WEBHOOK_PAUSED" },
      { webhook: "wh_disabled", reason: "WEBHOOK_DISABLED" },
    ]);
  });
});
