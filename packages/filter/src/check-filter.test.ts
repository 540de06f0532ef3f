import { describe, expect, it } from "vitest";
import { checkFilter } from "./check-filter.ts";

const order = {
  type: "object",
  properties: {
    status: { type: "string" },
    amount: { type: "number" },
    paid: { type: "boolean" },
    items: { type: "array", items: { type: "object", properties: { sku: { type: "string" } } } },
    "ship-to": { type: "object", properties: { city: { type: "string" } } },
  },
};

function messages(source: string, schemas: readonly unknown[] = [order]): string[] {
  return checkFilter(source, { schemas }).map(({ message }) => message);
}

describe("a filter is taken", () => {
  it.each([
    ["fields of the schema", "event.data.status in ['A'] && event.data.amount > 1.5"],
    ["a field that is a bool", "event.data.paid"],
    [
      "fields of items",
      "event.data.items.exists(i, i.sku == 'x') || event.data.items[0].sku == 'y'",
    ],
    ["fields whose name is no word", "event.data['ship-to'].city == 'Bonn'"],
    ["fields of filtered items", "event.data.items.filter(i, i.sku == 'x').all(i, i.sku != '')"],
    ["a variable called event", "event.data.items.exists(event, event.sku == 'x')"],
    ["several lines and a remark", "event.data.paid // paid\n  && event.data.amount > 1"],
    ["the least int", "event.data.amount > -9223372036854775808"],
    ["times", "event.time - timestamp('2024-01-01T00:00:00Z') > duration('24h')"],
    ["other facts of the event", "event.id != event.connection && event.type == 'a'"],
    ["what an object holds", "event.data['ship-to'].exists(key, key == 'city')"],
  ])("with %s", (_name, source) => {
    expect(messages(source)).toEqual([]);
  });
});

describe("a filter is refused", () => {
  it.each([
    ["that ends too early", "event.data.status ==", "unexpected token: EOF (character 21)"],
    ["that is empty", "", "unexpected token: EOF (character 1)"],
    ["with a letter too many", "event.data.paid ;", "unexpected character: ; (character 17)"],
    [
      "with a slip in a field",
      "event.data.statsu == 'A'",
      "event.data has no field statsu (character 12); did you mean status?",
    ],
    [
      "with a slip in has()",
      "has(event.data.stauts)",
      "event.data has no field stauts (character 16); did you mean status?",
    ],
    [
      "with a slip in an item",
      "event.data.items.all(i, i.skuu == '')",
      "event.data.items[] has no field skuu (character 27); did you mean sku?",
    ],
    [
      "with a slip in brackets",
      "event.data['shipto'].city == ''",
      "event.data has no field shipto (character 12); did you mean ship-to?",
    ],
    [
      "with a slip within an object",
      "event.data['ship-to'].citty == ''",
      'event.data["ship-to"] has no field citty (character 23); did you mean city?',
    ],
    [
      "that asks text for a field",
      "event.data.status.a == 1",
      "event.data.status is string and has no fields (character 19)",
    ],
    [
      "that forgets data",
      "event.status == 'A'",
      "event has no field status (character 7); did you mean event.data.status?",
    ],
    [
      "with a slip in event",
      "evnt.data.paid",
      "unknown name evnt (character 1); did you mean event?",
    ],
    [
      "with event alone",
      "event == 1",
      "event is no value by itself, only id, type, time, data, connection of it are (character 1)",
    ],
    [
      "with a slip in a function",
      "event.data.status.startWith('a')",
      "unknown function startWith (character 1); did you mean startsWith?",
    ],
    [
      "with a pattern",
      "event.data.status.matches('(a+)+')",
      "matches is not offered, since patterns can run for ever (character 1); did you mean startsWith, endsWith or contains?",
    ],
    [
      "with a function that is not ours",
      "cel.bind(a, 1, true)",
      "unknown function bind (character 1)",
    ],
    ["that gives text", "event.id", "the filter gives string, not bool (character 1)"],
    [
      "that gives a field that is text",
      "event.data.status",
      "the filter gives string, not bool (character 1)",
    ],
    [
      "that compares kinds that never match",
      "1 == 'a'",
      "no such overload: int == string (character 1)",
    ],
    [
      "that adds an int to data",
      "event.data.amount + 1 > 2.0",
      "numbers in data are doubles (character 21); did you mean 1.0?",
    ],
    [
      "that takes data modulo an int",
      "event.data.amount % 2 == 0",
      "% takes ints, and numbers in data are doubles (character 21); did you mean int(...)?",
    ],
    [
      "with a macro that lacks its condition",
      "event.data.items.exists(i)",
      "exists takes a variable and a condition (character 1)",
    ],
    [
      "with has() of no field",
      "has(event)",
      "has() takes a field, such as event.data.a (character 1)",
    ],
    [
      "with bytes",
      "b'a' == event.data.status",
      "bytes and unsigned numbers are not offered (character 1)",
    ],
    [
      "with an int of over 64 bits",
      "event.data.amount < 9223372036854775808",
      "an int has at most 64 bits (character 21)",
    ],
    [
      "with over 4,096 characters",
      `event.data.status == '${"a".repeat(4096)}'`,
      "the filter has more than 4096 characters (character 4097)",
    ],
    [
      "with over 500 parts",
      `event.data.paid${" || true".repeat(300)}`,
      "the filter has more than 500 parts (character 1)",
    ],
    [
      "that is nested too deeply",
      `${"(".repeat(40)}true${")".repeat(40)}`,
      "nested more than 32 deep (character 33)",
    ],
    [
      "of nothing but signs",
      `${"!".repeat(4000)}true`,
      "the filter has more than 500 parts (character 3501)",
    ],
    [
      "with loops three deep",
      "[1].all(a, [1].all(b, [1].all(c, true)))",
      "macros may be nested at most 2 deep (character 23)",
    ],
  ])("%s", (_name, source, message) => {
    expect(messages(source)[0]).toBe(message);
  });

  it("with every problem at once, ten at most, each at its place", () => {
    const source = Array.from({ length: 12 }, (_, index) => `event.data.x${index} == 1`).join(
      " || ",
    );
    const problems = checkFilter(source, { schemas: [order] });
    expect(problems).toHaveLength(10);
    expect(problems.slice(0, 2).map(({ offset }) => source.slice(offset, offset + 2))).toEqual([
      "x0",
      "x1",
    ]);
  });
});

describe("a field is known", () => {
  const invoice = { type: "object", properties: { total: { type: "number" } } };
  it.each([
    ["when one of several types has it", [order, invoice], []],
    ["when a type has no schema", [order, undefined], []],
    ["when there is no schema at all", [], []],
    ["when a schema says nothing of fields", [order, { type: "object" }], []],
    ["when a schema expressly allows more", [{ ...order, additionalProperties: true }], []],
    ["when names follow a pattern", [{ ...order, patternProperties: { "^x-": {} } }], []],
    [
      "when a reference leads elsewhere",
      [{ ...order, allOf: [{ $ref: "https://example.com/a" }] }],
      [],
    ],
    ["by a reference within", [{ $ref: "#/$defs/a~1b", $defs: { "a/b": invoice } }], []],
    ["by a reference to itself", [{ properties: { total: {}, next: { $ref: "#" } } }], []],
    ["by one of several schemas in one", [{ oneOf: [order, invoice] }], []],
    ["by all schemas of one", [{ allOf: [{ required: ["total"] }, invoice] }], []],
    [
      "not beside alternatives that name none",
      [{ ...order, anyOf: [{ required: ["status"] }] }],
      ["event.data has no field total (character 12)"],
    ],
    ["not when none has it", [order], ["event.data has no field total (character 12)"]],
  ])("%s", (_name, schemas, expected) => {
    expect(messages("event.data.total > 1.5", schemas)).toEqual(expected);
  });

  it("however far schemas lead round and apart", () => {
    const level = (n: number): unknown => ({
      anyOf: [{ $ref: `#/$defs/${n}` }, { $ref: `#/$defs/${n}` }],
    });
    const $defs = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [n, level(n + 1)]));
    expect(messages("event.data.a.b == 1", [{ ...(level(0) as object), $defs }])).toEqual([]);
    expect(
      messages("event.data.next.next.nex == 1", [{ properties: { next: { $ref: "#" } } }]),
    ).toEqual(["event.data.next.next has no field nex (character 22); did you mean next?"]);
  });
});
