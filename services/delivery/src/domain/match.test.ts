import { compileFilter, FilterEvent } from "@posthorn/filter";
import { describe, expect, it } from "vitest";
import { isSubscribed, type Matchable, matchWebhook, matchWebhooks, withheldOf } from "./match.ts";
import { patternFor } from "./patterns.ts";

function webhook(changes: Partial<Matchable> & { filter?: string } = {}): Matchable {
  const { filter, ...rest } = changes;
  return {
    id: "wh_1",
    eventTypes: [],
    state: "ACTIVE",
    whenPaused: "SKIP",
    filterOf: filter === undefined ? undefined : compileFilter(filter),
    ...rest,
  };
}

function event(data = '{"status":"FULFILLED"}') {
  const type = "order.created";
  const facts = { id: "evt_1", type, time: "2024-01-15T10:30:00Z", connection: "" };
  return { type, forFilters: new FilterEvent({ ...facts, data: Buffer.from(data) }) };
}

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

it.each([
  ["all types", [], ""],
  ["the first of several", ["invoice.*", "order.*", "order.created"], "order.*"],
  ["none", ["invoice.*"], undefined],
])("the pattern that matched is told: %s", (_name, patterns, expected) => {
  expect(patternFor("order.created", patterns)).toBe(expected);
});

const wanted = "event.data.status == 'FULFILLED'";
const unwanted = "event.data.status == 'PLACED'";
const failing = "event.data.state == 'FULFILLED'";
const skipped = (reason: string, detail?: string) => ({
  kind: "skipped",
  skipped: { webhook: "wh_1", reason, ...(detail && { detail }) },
});

describe("an event at a webhook", () => {
  it.each([
    [
      "that takes its type is delivered",
      { eventTypes: ["order.*"] },
      { kind: "delivered", matchedBy: "order.*" },
    ],
    [
      "that takes another type is nothing",
      { eventTypes: ["invoice.paid"] },
      { kind: "unsubscribed" },
    ],
    [
      "whose filter says true is delivered",
      { filter: wanted },
      { kind: "delivered", matchedBy: "" },
    ],
    ["whose filter says false is skipped", { filter: unwanted }, skipped("FILTERED")],
    [
      "whose filter fails is skipped, and says why",
      { filter: failing },
      skipped("FILTER_ERROR", "no field state"),
    ],
    [
      "that takes another type fails no filter",
      { filter: failing, eventTypes: ["a"] },
      { kind: "unsubscribed" },
    ],
    ["that is paused is skipped", { state: "PAUSED" }, skipped("WEBHOOK_PAUSED")],
    [
      "that is paused and holds is delivered, to wait",
      { state: "PAUSED", whenPaused: "HOLD" },
      { kind: "delivered", matchedBy: "" },
    ],
    [
      "that is disabled is skipped, also when it holds",
      { state: "DISABLED", whenPaused: "HOLD" },
      skipped("WEBHOOK_DISABLED"),
    ],
    [
      "that is paused and would not want it is filtered",
      { state: "PAUSED", filter: unwanted },
      skipped("FILTERED"),
    ],
  ] as const)("%s", (_name, changes, expected) => {
    expect(matchWebhook(event(), webhook(changes))).toEqual(expected);
  });
});

describe("an event of a type that the provider filters", () => {
  const typeFilters = new Map([["order.created", compileFilter(wanted)]]);
  const withheld = (data: string) => withheldOf(event(data), { typeFilters });

  it.each([
    ["that passes goes to webhooks", '{"status":"FULFILLED"}', undefined],
    ["that does not is withheld", '{"status":"PLACED"}', { reason: "TYPE_FILTERED" }],
    [
      "of which the filter cannot tell is withheld, and says why",
      "{}",
      { reason: "TYPE_FILTERED", detail: "no field status" },
    ],
  ])("%s", (_name, data, expected) => {
    expect(withheld(data)).toEqual(expected);
  });

  it("asks the filters of no other types", () => {
    const fails = compileFilter(failing);
    expect(withheldOf(event("{"), { typeFilters: new Map([["a", fails]]) })).toBeUndefined();
    expect(withheldOf(event("{"), { typeFilters: new Map() })).toBeUndefined();
  });

  it("is skipped by every webhook that subscribes the type, whatever else would keep it", () => {
    const other = webhook({ id: "wh_other", eventTypes: ["invoice.paid"] });
    const webhooks = [webhook(), webhook({ state: "PAUSED", filter: failing }), other];
    const { deliver, skipped } = matchWebhooks(event(), webhooks, { reason: "TYPE_FILTERED" });
    expect(deliver).toEqual([]);
    expect(skipped).toEqual(Array(2).fill({ webhook: "wh_1", reason: "TYPE_FILTERED" }));
  });
});

describe("matchWebhooks", () => {
  it("gives each webhook with its pattern, and lists the others with their reasons", () => {
    const on = webhook({ id: "wh_on", eventTypes: ["order.*"] });
    const matches = matchWebhooks(event(), [
      on,
      webhook({ id: "wh_paused", state: "PAUSED" }),
      webhook({ id: "wh_filtered", filter: unwanted }),
      webhook({ id: "wh_other", eventTypes: ["invoice.paid"] }),
    ]);
    expect(matches).toEqual({
      deliver: [{ webhook: on, matchedBy: "order.*" }],
      skipped: [
        { webhook: "wh_paused", reason: "WEBHOOK_PAUSED" },
        { webhook: "wh_filtered", reason: "FILTERED" },
      ],
      skippedCount: 2,
    });
  });

  it("lists at most 250 skipped webhooks, and counts all", () => {
    const webhooks = Array.from({ length: 300 }, () => webhook({ state: "PAUSED" }));
    const { skipped: listed, skippedCount } = matchWebhooks(event(), webhooks);
    expect([listed.length, skippedCount]).toEqual([250, 300]);
  });

  it("asks a filter once, however many webhooks share it, and none that the type leaves out", () => {
    let asked = 0;
    const filterOf = () => {
      asked += 1;
      return true;
    };
    const same = Array.from({ length: 3 }, () => webhook({ filterOf }));
    expect(matchWebhooks(event("{"), same).deliver).toHaveLength(3);
    expect(asked).toBe(1);
    matchWebhooks(event("{"), [webhook({ filterOf, eventTypes: ["invoice.paid"] })]);
    expect(asked).toBe(1);
  });
});
