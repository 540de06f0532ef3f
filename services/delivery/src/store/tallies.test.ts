import { describe, expect, it } from "vitest";
import { type Tried, tallies } from "./tallies.ts";

const ok: Tried = { webhookUuid: "a", outcome: "SUCCEEDED", isGone: false };
const failed: Tried = { ...ok, outcome: "TIMEOUT" };
const gone: Tried = { ...ok, outcome: "HTTP_ERROR", isGone: true };

describe("what a run of attempts says of a webhook", () => {
  it.each([
    ["one success", [ok], { failureCount: 0, hasFailed: false, hasSucceeded: true }],
    ["failures alone", [failed, failed], { failureCount: 2, hasFailed: true, hasSucceeded: false }],
    ["a success after failures", [failed, ok], { failureCount: 0, hasFailed: true }],
    ["failures after a success", [failed, ok, failed], { failureCount: 1, hasSucceeded: true }],
    ["410 before a success", [gone, ok], { failureCount: 0, isGone: true }],
    ["410 not at all", [failed], { isGone: false }],
  ])("%s", (_, attempts, expected) => {
    expect(tallies(attempts)).toMatchObject([expected]);
  });

  it("is told by webhook, in the order of their ids, with the latest attempt", () => {
    const latest = { ...failed, webhookUuid: "b", outcome: "DNS_ERROR" } as const;
    const attempts = [{ ...failed, webhookUuid: "b" }, ok, latest];
    expect(tallies(attempts)).toMatchObject([{ last: ok }, { last: latest, failureCount: 2 }]);
  });
});
