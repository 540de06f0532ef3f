import { expect, test } from "vitest";
import { bareEventType } from "./event-type.ts";
import { eventTypeProblems } from "./event-type-check.ts";
import { bareProvider, type ProviderSettings } from "./provider.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const whole = bareProvider("acme");
const spread: ProviderSettings = {
  ...whole,
  envelopes: [
    {
      version: "v1",
      fields: [
        { name: "id", source: "EVENT_ID" },
        { source: "DATA", spread: true },
        { name: "kind", source: "EVENT_TYPE" },
      ],
    },
  ],
};

const check = (
  { schema, example, filter = "" }: { schema?: unknown; example?: unknown; filter?: string },
  of: ProviderSettings,
) =>
  eventTypeProblems(
    {
      ...bareEventType("a"),
      filter,
      ...(schema !== undefined && { schema: bytes(schema) }),
      ...(example !== undefined && { example: bytes(example) }),
    },
    of,
    "eventTypes[3]",
  ).map(({ field, description }) => `${field}: ${description}`);

const object = (properties: object) => ({ type: "object", properties });

test.each([
  { case: "neither schema nor example", eventType: {}, of: spread },
  { case: "any data that stands in a member", eventType: { example: [1] }, of: whole },
  { case: "an object that is spread", eventType: { example: { x: 1 } }, of: spread },
  {
    case: "a reserved name deeper down",
    eventType: { schema: object({ x: object({ id: {} }) }), example: { x: { id: 1 } } },
    of: spread,
  },
  {
    case: "a schema of an object or nothing",
    eventType: { schema: { type: ["null", "object"] } },
    of: spread,
  },
  {
    case: "a filter on what the schema has",
    eventType: {
      schema: object({ status: { type: "string" } }),
      filter: "event.data.status in ['A', 'B']",
    },
    of: whole,
  },
  {
    case: "a filter on anything without a schema",
    eventType: { filter: "event.data.x" },
    of: whole,
  },
])("takes $case", ({ eventType, of }) => {
  expect(check(eventType, of)).toEqual([]);
});

test.each([
  {
    case: "an example that is no object",
    eventType: { example: [1] },
    problem: "eventTypes[3].example: must be an object",
  },
  {
    case: "an example with a member of the envelope",
    eventType: { example: { x: 1, kind: 2 } },
    problem: "eventTypes[3].example: has member kind, which the provider's envelope names",
  },
  {
    case: "a schema with a member of the envelope",
    eventType: { schema: object({ id: {} }) },
    problem: "eventTypes[3].schema: has member id",
  },
  {
    case: "a schema that requires a member of the envelope",
    eventType: { schema: { required: ["kind"] } },
    problem: "eventTypes[3].schema: has member kind",
  },
  {
    case: "a schema without objects",
    eventType: { schema: { type: "array" } },
    problem: "eventTypes[3].schema: must allow an object",
  },
])("refuses $case where data is spread", ({ eventType, problem }) => {
  expect(check(eventType, spread)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  { case: "that is no CEL", filter: "event.data ==" },
  { case: "on a field that the schema lacks", filter: "event.data.colour == 'red'" },
  { case: "that gives no bool", filter: "event.type + 'x'" },
])("refuses a filter $case", ({ filter }) => {
  const schema = { ...object({ status: {} }), additionalProperties: false };
  expect(check({ schema, filter }, whole)).toEqual([
    expect.stringMatching(/^eventTypes\[3\]\.filter: /),
  ]);
});

test("refuses previous values of what posthorn itself publishes of connections", () => {
  const of = { ...whole, connections: { deletedEventType: "a" } };
  const updated = { ...bareEventType("a"), hasPrevious: true };
  expect(eventTypeProblems(updated, of, "eventType")).toMatchObject([
    { field: "eventType.hasPrevious" },
  ]);
  expect(eventTypeProblems({ ...updated, name: "b" }, of, "eventType")).toEqual([]);
});
