import { describe, expect, it } from "vitest";
import { choose, isSelected, isWanted, type SelectableDelivery } from "./replay.ts";

const facts = { isDelivered: false, hasFailed: false, isTakenCareOf: false };
const failed = { isDelivered: true, hasFailed: true, isTakenCareOf: false };
const resent = { ...failed, isTakenCareOf: true };
const canceled = { ...facts, isDelivered: true };

describe("an event", () => {
  it.each([
    ["FAILED", "has no delivery", facts, false],
    ["FAILED", "failed", failed, true],
    ["FAILED", "failed and then succeeded, or is being tried", resent, false],
    ["FAILED", "was canceled by its user", canceled, false],
    ["MISSING", "has no delivery", facts, true],
    ["MISSING", "failed", failed, false],
    ["MISSING", "was canceled by its user", canceled, false],
    ["ALL", "has no delivery", facts, true],
    ["ALL", "succeeded", resent, true],
  ] as const)("%s: one that %s", (filter, _, given, expected) => {
    expect(isWanted(filter, given)).toBe(expected);
  });
});

describe("a delivery", () => {
  const delivery: SelectableDelivery = {
    id: "dlv_1",
    webhookId: "wh_1",
    eventId: "evt_1",
    eventType: "order.created",
    state: "EXHAUSTED",
    lastStatusCode: 500,
    connectionId: "conn_1",
  };

  it.each([
    ["nothing", {}, true],
    ["its webhook", { webhook: "wh_1" }, true],
    ["another webhook", { webhook: "wh_2" }, false],
    ["its event", { event: "evt_1" }, true],
    ["another event", { event: "evt_2" }, false],
    ["its type", { eventType: "order.created" }, true],
    ["another type", { eventType: "order" }, false],
    ["its state", { state: "EXHAUSTED" }, true],
    ["another state", { state: "HELD" }, false],
    ["its status", { statusCode: 500 }, true],
    ["another status", { statusCode: 404 }, false],
    ["its connection", { connection: "conn_1" }, true],
    ["another connection", { connection: "conn_2" }, false],
    ["a query for its id", { query: "dlv_1" }, true],
    ["a query for another id", { query: "dlv_2" }, false],
    ["a query for its event", { query: "evt_1" }, true],
    ["a query for another event", { query: "evt_2" }, false],
    ["a query for its webhook", { query: "wh_1" }, true],
    ["a query for another webhook", { query: "wh_2" }, false],
    ["a query for the beginning of its type", { query: "order." }, true],
    ["a query for another type", { query: "invoice" }, false],
    ["its state and another status", { state: "EXHAUSTED", statusCode: 404 }, false],
  ] as const)("is judged by %s", (_, selection, expected) => {
    expect(isSelected(selection, delivery)).toBe(expected);
  });
});

describe("choosing", () => {
  const isEven = (n: number) => n % 2 === 0;

  it.each([
    ["goes on to the end when there are too few", [1, 2, 3], 2, [2], 3, true],
    ["stops at the last that it may take", [1, 2, 3, 4, 5], 1, [2], 2, false],
    ["is done when that is the very last", [1, 2], 1, [2], 2, true],
    ["of nothing gives nothing", [], 1, [], undefined, true],
  ])("%s", (_, page, countMax, chosen, last, isWhole) => {
    expect(choose(page, isEven, countMax)).toEqual({ chosen, last, isWhole });
  });
});
