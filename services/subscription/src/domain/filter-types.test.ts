import { expect, test } from "vitest";
import { typesToCheck } from "./filter-types.ts";

const catalog = [
  { name: "invoice.paid", schemaBytes: 10 },
  { name: "order.created", schemaBytes: 10 },
  { name: "order.status.changed", schemaBytes: 10 },
];
const orders = ["order.created", "order.status.changed"];
const bare = { name: "order.bare", schemaBytes: 0 };
const large = { name: "order.large", schemaBytes: 4 * 1_024 * 1_024 };

test.each([
  { case: "all types", eventTypes: [], names: ["invoice.paid", ...orders] },
  { case: "a prefix", eventTypes: ["order.*"], names: orders },
  { case: "a longer prefix", eventTypes: ["order.status.*"], names: ["order.status.changed"] },
  { case: "a prefix and a name of it", eventTypes: ["order.*", "order.created"], names: orders },
  { case: "a name", eventTypes: ["invoice.paid"], names: ["invoice.paid"] },
  { case: "a prefix of no type", eventTypes: ["user.*"], names: [] },
])("gives the types that $case stands for", ({ eventTypes, names }) => {
  expect(typesToCheck(eventTypes, catalog, { takesAny: false })).toEqual(names);
});

test.each([
  { case: "one type has no schema", eventTypes: ["order.*"], types: [...catalog, bare] },
  { case: "there is too much to read", eventTypes: [], types: [...catalog, large] },
])("takes any data when $case", ({ eventTypes, types }) => {
  expect(typesToCheck(eventTypes, types, { takesAny: false })).toBeUndefined();
});

test.each([
  { case: "all types", eventTypes: [], names: undefined },
  { case: "a prefix", eventTypes: ["order.*"], names: undefined },
  { case: "a type that is not there yet", eventTypes: ["order.new"], names: undefined },
  { case: "a type that is there", eventTypes: ["invoice.paid"], names: ["invoice.paid"] },
])("where events make types, gives for $case: $names", ({ eventTypes, names }) => {
  expect(typesToCheck(eventTypes, catalog, { takesAny: true })).toEqual(names);
});
