import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  FieldBehavior,
  field_behavior as fieldBehavior,
} from "@posthorn/proto/google/api/field_behavior";
import { isWellKnown } from "../field-path.ts";
import { isRawJson } from "../raw-json.ts";
import type { JsonSchema } from "./json-schema.ts";
import { isRequired, ruleExample, ruleKeywords } from "./rules.ts";

/** Gives the example of a field's value, one item of a list; undefined for none. */
export type ExampleOf = (field: DescField) => JsonValue | undefined;

/** Tells whether examples leave a field out, although it might be in a request or an answer. */
export type IsLeftOut = (field: DescField, use: "request" | "answer") => boolean;

/** Makes examples of messages from those of their fields. */
export interface Examples {
  /** Of a field alone, such as a parameter; undefined when nothing says one. */
  field(field: DescField): JsonValue | undefined;
  /** Of an answer: every field that answers always have, and all that have an example. */
  answer(desc: DescMessage): JsonObject;
  /** Of a request of some fields: what is required, and all that have an example. */
  request(fields: readonly DescField[]): JsonObject;
}

/** `exampleOf` goes before what protovalidate's rules name as an example. */
export function examples(exampleOf: ExampleOf, isLeftOut: IsLeftOut): Examples {
  const given = (field: DescField) => exampleOf(field) ?? (ruleExample(field) as JsonValue);
  const making = { given, isLeftOut };
  return {
    field: given,
    answer: (desc) => exampleOfFields(desc.fields, { ...making, use: "answer", within: [desc] }),
    request: (fields) => exampleOfFields(fields, { ...making, use: "request", within: [] }),
  };
}

interface Making {
  readonly given: ExampleOf;
  readonly isLeftOut: IsLeftOut;
  readonly use: "request" | "answer";
  /** The messages around a field, so that one that holds itself comes to an end. */
  readonly within: readonly DescMessage[];
}

function exampleOfFields(fields: readonly DescField[], making: Making): JsonObject {
  const json: JsonObject = {};
  const chosen = new Set<unknown>();
  for (const field of fields) {
    if (isForTheOther(field, making) || making.isLeftOut(field, making.use)) continue;
    if (chosen.has(field.oneof)) continue;
    const value = exampleOfField(field, making);
    if (value === undefined) continue;
    json[field.jsonName] = value;
    if (field.oneof !== undefined) chosen.add(field.oneof);
  }
  return json;
}

function isForTheOther(field: DescField, { use }: Making): boolean {
  const other = use === "answer" ? FieldBehavior.INPUT_ONLY : FieldBehavior.OUTPUT_ONLY;
  return getOption(field, fieldBehavior).includes(other);
}

function exampleOfField(field: DescField, making: Making): JsonValue | undefined {
  const item = making.given(field) ?? itemOf(field, making);
  if (item === undefined) return undefined;
  // A map's example is the whole map: no key could be made up.
  return field.fieldKind === "list" ? [item] : item;
}

function itemOf(field: DescField, making: Making): JsonValue | undefined {
  if (field.fieldKind === "map" || isRawJson(field)) return undefined;
  const message = "message" in field ? field.message : undefined;
  const isNeeded = making.use === "answer" || isRequired(field);
  if (message !== undefined) return messageItem(message, isNeeded, making);
  if (!isNeeded) return undefined;
  if ("enum" in field && field.enum !== undefined) return enumItem(field, field.enum);
  // A list of numbers need not be there, as a number has to.
  return field.fieldKind === "scalar" ? scalarItem(field, field.scalar) : undefined;
}

function messageItem(desc: DescMessage, isNeeded: boolean, making: Making): JsonValue | undefined {
  if (isWellKnown(desc)) return isNeeded ? wellKnownExamples[desc.typeName] : undefined;
  if (making.within.includes(desc)) return undefined;
  const json = exampleOfFields(desc.fields, { ...making, within: [...making.within, desc] });
  return Object.keys(json).length === 0 ? undefined : json;
}

const wellKnownExamples: Readonly<Record<string, JsonValue>> = {
  "google.protobuf.Timestamp": "2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "1.500s",
};

function enumItem(field: DescField, desc: DescEnum): JsonValue | undefined {
  if (desc.typeName === "google.protobuf.NullValue") return null;
  const { enum: allowed } = ruleKeywords(field);
  const [first] = Array.isArray(allowed) ? allowed : [];
  return first ?? desc.values.find(({ number }) => number !== 0)?.name;
}

function scalarItem(field: DescField, scalar: ScalarType): JsonValue | undefined {
  const rules = ruleKeywords(field);
  switch (scalar) {
    case ScalarType.BOOL:
      return rules["const"] === true;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return firstOf(rules);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return firstOf(rules) ?? "1";
    default:
      return firstOf(rules) ?? Math.max(Number(rules["minimum"] ?? 0), 1);
  }
}

function firstOf({ const: only, enum: values }: JsonSchema): JsonValue | undefined {
  return (only ?? (Array.isArray(values) ? values[0] : undefined)) as JsonValue | undefined;
}
