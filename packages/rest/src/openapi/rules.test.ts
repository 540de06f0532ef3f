import { create, type DescField, type MessageInitShape } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  type FieldRulesSchema,
  Ignore,
  KnownRegex,
  type MessageRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, it } from "vitest";
import { testSchema } from "../test-schema.ts";
import { examples } from "./example.ts";
import { schemaBook } from "./schema-book.ts";

type Rules = MessageInitShape<typeof FieldRulesSchema>;
type Type = NonNullable<Rules["type"]>;

const made = examples(
  () => undefined,
  () => false,
);

function fieldOf(spec: string, rules: Rules): DescField {
  const { message } = testSchema({
    enums: { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] },
    messages: { Book: { it: spec } },
    methods: {},
    rules: { "Book.it": rules },
  });
  const [field] = message("Book").fields;
  if (field === undefined) throw new Error("no field");
  return field;
}

const schemaOf = (spec: string, rules: Rules) => schemaBook([], made).field(fieldOf(spec, rules));
const seconds = (count: bigint) => create(DurationSchema, { seconds: count });

describe("a field's rules", () => {
  it.each<[string, Type, object]>([
    [
      "string",
      { case: "string", value: { minLen: 1n, maxLen: 9n } },
      { minLength: 1, maxLength: 9 },
    ],
    ["string", { case: "string", value: { len: 5n } }, { minLength: 5, maxLength: 5 }],
    ["string", { case: "string", value: { maxBytes: 8n } }, { maxLength: 8 }],
    ["string", { case: "string", value: { minBytes: 3n } }, { description: "At least 3 bytes." }],
    ["string", { case: "string", value: { pattern: "^a+$" } }, { pattern: "^a+$" }],
    ["string", { case: "string", value: { prefix: "a.b" } }, { pattern: "^a\\.b" }],
    [
      "string",
      { case: "string", value: { suffix: "z", contains: "/" } },
      { allOf: [{ pattern: "z$" }, { pattern: "\\/" }] },
    ],
    ["string", { case: "string", value: { notContains: " " } }, { not: { pattern: " " } }],
    [
      "string",
      { case: "string", value: { notContains: " ", notIn: ["x"] } },
      { not: { anyOf: [{ enum: ["x"] }, { pattern: " " }] } },
    ],
    ["string", { case: "string", value: { const: "" } }, { const: "" }],
    ["string", { case: "string", value: { in: ["a", "b"] } }, { enum: ["a", "b"] }],
    [
      "string",
      { case: "string", value: { wellKnown: { case: "email", value: true } } },
      { format: "email" },
    ],
    [
      "string",
      { case: "string", value: { wellKnown: { case: "uriRef", value: true } } },
      { format: "uri-reference" },
    ],
    [
      "string",
      { case: "string", value: { wellKnown: { case: "ip", value: true } } },
      { description: "An IP address." },
    ],
    [
      "string",
      {
        case: "string",
        value: { wellKnown: { case: "wellKnownRegex", value: KnownRegex.HTTP_HEADER_NAME } },
      },
      {},
    ],
    [
      "bytes",
      { case: "bytes", value: { minLen: 1n, maxLen: 4n } },
      { minLength: 2, maxLength: 8, description: "At least 1 bytes. At most 4 bytes." },
    ],
    ["raw", { case: "bytes", value: { maxLen: 4n } }, { description: "At most 4 bytes." }],
    [
      "int32",
      { case: "int32", value: { greaterThan: { case: "gte", value: 0 }, notIn: [3] } },
      { minimum: 0, not: { enum: [3] } },
    ],
    [
      "double",
      {
        case: "double",
        value: { greaterThan: { case: "gt", value: 0 }, lessThan: { case: "lt", value: 1.5 } },
      },
      { exclusiveMinimum: 0, exclusiveMaximum: 1.5 },
    ],
    [
      "uint32",
      { case: "uint32", value: { lessThan: { case: "lte", value: 9 } } },
      { type: "integer", format: "uint32", minimum: 0, maximum: 9 },
    ],
    ["int32", { case: "int32", value: { const: 0 } }, { const: 0 }],
    ["int32", { case: "int32", value: { in: [1, 2] } }, { enum: [1, 2] }],
    ["int64", { case: "int64", value: { const: 7n } }, { const: "7" }],
    ["int64", { case: "int64", value: { in: [1n] } }, { enum: ["1"] }],
    [
      "uint64",
      {
        case: "uint64",
        value: { greaterThan: { case: "gte", value: 1n }, lessThan: { case: "lt", value: 5n } },
      },
      { type: "string", format: "uint64", description: "At least 1, less than 5." },
    ],
    ["bool", { case: "bool", value: { const: true } }, { const: true }],
    ["enum Color", { case: "enum", value: { definedOnly: true } }, { enum: ["RED", "BLUE"] }],
    ["enum Color", { case: "enum", value: { in: [2] } }, { enum: ["BLUE"] }],
    ["enum Color", { case: "enum", value: { notIn: [0, 2] } }, { enum: ["RED"] }],
    ["enum Color", { case: "enum", value: { const: 1 } }, { enum: ["RED"] }],
    [
      "repeated string",
      {
        case: "repeated",
        value: {
          minItems: 1n,
          maxItems: 3n,
          unique: true,
          items: { type: { case: "string", value: { minLen: 2n, minBytes: 4n } } },
        },
      },
      {
        minItems: 1,
        maxItems: 3,
        uniqueItems: true,
        items: { type: "string", minLength: 2 },
        description: "At least 4 bytes.",
      },
    ],
    [
      "map string",
      {
        case: "map",
        value: {
          minPairs: 1n,
          maxPairs: 9n,
          keys: { type: { case: "string", value: { maxLen: 4n } } },
          values: { type: { case: "string", value: { pattern: "x" } } },
        },
      },
      {
        minProperties: 1,
        maxProperties: 9,
        propertyNames: { maxLength: 4 },
        additionalProperties: { type: "string", pattern: "x" },
      },
    ],
    [
      "google.protobuf.Duration",
      {
        case: "duration",
        value: {
          greaterThan: { case: "gt", value: seconds(0n) },
          lessThan: { case: "lte", value: seconds(30n) },
        },
      },
      { description: "More than 0s, at most 30s." },
    ],
    [
      "google.protobuf.Timestamp",
      { case: "timestamp", value: { lessThan: { case: "ltNow", value: true } } },
      { description: "Earlier than now." },
    ],
    [
      "google.protobuf.Timestamp",
      {
        case: "timestamp",
        value: { greaterThan: { case: "gte", value: create(TimestampSchema) } },
      },
      { description: "At least 1970-01-01T00:00:00Z." },
    ],
  ])("for %s are keywords or words (%#)", (spec, type, schema) => {
    expect(schemaOf(spec, { type })).toMatchObject(schema);
  });

  it("of CEL are told in their own words", () => {
    const cel = [
      { id: "a", message: "must be even", expression: "this % 2 == 0" },
      { id: "b", expression: "this > 1" },
    ];
    expect(schemaOf("int32", { cel })).toMatchObject({
      description: "Must be even. `this > 1`.",
    });
  });

  it("are none when they are ignored", () => {
    const type: Type = { case: "string", value: { minLen: 1n } };
    expect(schemaOf("string", { type, ignore: Ignore.ALWAYS })).toEqual({ type: "string" });
  });

  it.each<[string, Type, object]>([
    ["string", { case: "string", value: { pattern: "x" } }, { const: "" }],
    ["int32", { case: "int32", value: { greaterThan: { case: "gt", value: 4 } } }, { const: 0 }],
    ["int64", { case: "int64", value: { in: [4n] } }, { const: "0" }],
  ])("may leave the zero of %s out", (spec, type, zero) => {
    const schema = schemaOf(spec, { type, ignore: Ignore.IF_ZERO_VALUE });
    expect(schema).toMatchObject({ anyOf: [zero, expect.any(Object)] });
  });

  it("may name an example", () => {
    const example = (spec: string, type: Type) => made.field(fieldOf(spec, { type }));
    expect(example("string", { case: "string", value: { example: ["a"] } })).toBe("a");
    expect(example("int64", { case: "int64", value: { example: [7n] } })).toBe("7");
    expect(
      example("google.protobuf.Duration", { case: "duration", value: { example: [seconds(3n)] } }),
    ).toBe("3s");
    expect(example("string", { case: "string", value: { minLen: 1n } })).toBeUndefined();
  });
});

describe("a message's rules", () => {
  const schema = (
    fields: Readonly<Record<string, string>>,
    rules: MessageInitShape<typeof MessageRulesSchema> = {},
  ) => {
    const { message } = testSchema({
      messages: { Book: fields },
      methods: {},
      messageRules: { Book: rules },
    });
    const book = schemaBook([message("Book")], made);
    book.message(message("Book"));
    return book.components()["Book"];
  };

  const either = [{ required: ["pageCount"] }, { required: ["name"] }];

  it("have at most one field of a oneof", () => {
    expect(schema({ page_count: "oneof int32", name: "oneof string" })).toMatchObject({
      allOf: [{ oneOf: [...either, { not: { anyOf: either } }] }],
    });
  });

  it("have one field of those that protovalidate wants one of", () => {
    const oneof = [{ fields: ["page_count", "name"], required: true }];
    expect(schema({ page_count: "int32", name: "string" }, { oneof })).toMatchObject({
      allOf: [{ oneOf: either }],
    });
  });

  it("are told in words", () => {
    const cel = [{ id: "a", message: "name or number", expression: "true" }];
    expect(schema({ name: "string" }, { cel })).toMatchObject({ description: "Name or number." });
  });
});
