import { describe, expect, it } from "vitest";
import { compileFilter, FilterError } from "./compile-filter.ts";
import { FilterEvent } from "./filter-event.ts";
import { filterLimits } from "./limits.ts";

function eventOf(data: unknown, facts: { type?: string; time?: string } = {}): FilterEvent {
  return new FilterEvent({
    id: "evt_1",
    type: "order.created",
    time: "2024-01-15T10:30:00.123456789Z",
    connection: "conn_1",
    data: Buffer.from(typeof data === "string" ? data : JSON.stringify(data)),
    ...facts,
  });
}

function evaluate(source: string, data: unknown = {}): boolean | string {
  const verdict = compileFilter(source)(eventOf(data));
  return verdict instanceof FilterError ? verdict.message : verdict;
}

describe("an event", () => {
  const data = {
    status: "FULFILLED",
    count: 3,
    price: 9.5,
    none: null,
    tags: ["a", "b"],
    items: [{ sku: "x", n: 1 }, { sku: "y" }],
  };
  it.each([
    ["by a field", "event.data.status in ['FULFILLED', 'FAILED_PERMANENTLY']", true],
    ["by another value", "event.data.status == 'PLACED'", false],
    ["by its type", "event.type.startsWith('order.')", true],
    ["by its id", "event.id == 'evt_1'", true],
    ["by its connection", "event.connection == 'conn_1'", true],
    ["by its time", "event.time >= timestamp('2024-01-15T10:30:00.123456789Z')", true],
    ["by the hour of its time", "event.time.getHours() < 9", false],
    ["by a number", "event.data.count > 2 && event.data.price < 10", true],
    ["by an item of a list", "event.data.items.exists(item, item.sku == 'y')", true],
    ["by all items, where one lacks the field", "event.data.items.all(i, i.n == 1)", "no field n"],
    ["by a field that may be absent", "has(event.data.gone) && event.data.gone == 1", false],
    ["by null", "event.data.none == null", true],
    ["by another kind", "event.data.none != 'a'", true],
    ["by text of any case", "event.data.status.lowerAscii() == 'fulfilled'", true],
    ["by a field with a name that is no word", "'a-b' in event.data", false],
  ])("is judged %s", (_name, source, expected) => {
    expect(evaluate(source, data)).toBe(expected);
  });
});

describe("a filter that gives neither true nor false", () => {
  it.each([
    ["asks for a field that is absent", "event.data.status in ['A']", {}, "no field status"],
    ["asks text for a field", "event.data.a.b == 1", { a: "x" }, "string has no fields"],
    ["gives text", "event.data.a", { a: "x" }, "the filter gave string, not bool"],
    ["compares what has no order", "event.data.a < 1", { a: "x" }, "string < int is not defined"],
    [
      "adds an int to a double",
      "event.data.a + 1 > 1",
      { a: 1 },
      "double + int is not defined (numbers in data are doubles: write 1.0, or int(...))",
    ],
    ["reads a number in text", "double(event.data.a) > 1.0", { a: "x" }, "double() takes numbers"],
    ["divides by zero", "1 / event.data.l.size() > 1", { l: [] }, "an int is divided by zero"],
  ])("%s: the error is a value that names no values", (_name, source, data, message) => {
    expect(evaluate(source, data)).toBe(message);
  });

  it("stored by another release: every event meets its problem", () => {
    expect(evaluate("event.data.")).toContain("character 12");
    expect(evaluate("event.data.x.matches('a')")).toContain("matches is not offered");
  });
});

describe("what JavaScript gives every object", () => {
  it.each([
    ["constructor", "has(event.data.constructor)", {}, false],
    ["prototype", "has(event.data.__proto__)", {}, false],
    ["methods", "'toString' in event.data", {}, false],
    ["the length of a list", "event.data.length == 2", [1, 2], "list has no fields"],
    ["the length of a text", "event.data.a.length == 2", { a: "ab" }, "string has no fields"],
  ])("is not there: %s", (_name, source, data, expected) => {
    expect(evaluate(source, data)).toBe(expected);
  });

  it("is plain data where an event names it", () => {
    const data = '{"constructor": "Acme", "__proto__": {"toString": 1}}';
    expect(evaluate("event.data.constructor == 'Acme'", data)).toBe(true);
    expect(evaluate("event.data.__proto__.toString == 1", data)).toBe(true);
    expect(evaluate("event.data == {'constructor': 'Acme'}", data)).toBe(false);
  });
});

it("numbers beyond 2^53 are rounded as JSON's are, and compare with what is written likewise", () => {
  expect(evaluate("event.data.n == 9007199254740992", '{"n": 9007199254740993}')).toBe(true);
  expect(evaluate("event.data.n > 9007199254740992", '{"n": 9007199254740993}')).toBe(false);
});

describe("cost", () => {
  const tooMany = "the filter takes too many steps";
  const long = Array.from({ length: 60_000 }, (_, index) => index);
  const text = "a".repeat(200_000);

  it.each([
    ["a loop over a long list", "event.data.l.all(x, x >= 0)", { l: long }],
    [
      "a loop in a loop",
      "event.data.l.all(x, event.data.l.all(y, y >= 0))",
      { l: long.slice(0, 500) },
    ],
    [
      "a long list in a long list",
      "event.data.l.all(x, x in event.data.l)",
      { l: long.slice(0, 900).map(String) },
    ],
    [
      "texts that grow in a loop",
      "event.data.l.map(x, event.data.t + event.data.t).size() > 0",
      { l: long.slice(0, 500), t: text },
    ],
    [
      "a long part of a long text",
      "event.data.t.contains(event.data.p)",
      { t: text, p: `${"a".repeat(9_000)}b${"a".repeat(9_000)}` },
    ],
    ["lists that are compared", "event.data.l == event.data.m", { l: long, m: [...long] }],
    ["a failure beside it", "event.data.l.all(x, x >= 0) || true", { l: long }],
    ["the other side of it", "true && (event.data.l.all(x, x >= 0) || true)", { l: long }],
  ])("%s ends as an error", (_name, source, data) => {
    expect(evaluate(source, data)).toBe(tooMany);
  });

  it("is counted anew for each event", () => {
    const filter = compileFilter("event.data.l.all(x, x >= 0)");
    expect(filter(eventOf({ l: long }))).toBeInstanceOf(FilterError);
    expect(filter(eventOf({ l: [1] }))).toBe(true);
  });

  it("leaves room for what filters are for", () => {
    const items = Array.from({ length: 2_000 }, (_, index) => ({ sku: `s${index}` }));
    expect(evaluate("event.data.exists(i, i.sku == 's1999')", items)).toBe(true);
  });

  it("of the dearest filters is bounded in time", () => {
    const half = `(${"event.data.t.contains('b')".concat(" || event.data.t.contains('b')".repeat(40))})`;
    const startMs = performance.now();
    for (let time = 0; time < 20; time += 1) evaluate(half, { t: text });
    expect((performance.now() - startMs) / 20).toBeLessThan(100);
    expect(filterLimits.stepsMax).toBeLessThanOrEqual(20_000);
  });
});

it("data is read once for all filters, and not at all when none asks", () => {
  const broken = eventOf("{");
  expect(compileFilter("event.type == 'order.created'")(broken)).toBe(true);
  expect(compileFilter("event.data.a == 1")(broken)).toMatchObject({
    message: "event.data is no JSON",
  });
  const event = eventOf({ a: 1 });
  expect(event.get("data")).toBe(event.get("data"));
});
