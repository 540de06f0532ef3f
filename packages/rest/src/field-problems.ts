import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Registry,
} from "@bufbuild/protobuf";
import type { FieldProblem } from "@posthorn/errors";
import { expectationOf, itemExpectationOf, messageExpectation } from "./expectation.ts";
import { findField, isWellKnown } from "./field-path.ts";
import { isJsonObject } from "./json-object.ts";

/** More problems than these help nobody. */
const problemCountMax = 20;

/** Where a value stands, and the messages that an Any may hold. */
export interface ValuePlace {
  /** The path of the value itself; empty for a whole request. */
  readonly at: string;
  readonly registry: Registry;
}

/**
 * Names the fields of a JSON value that do not fit a message, in the value's order. Only for a
 * value that `fromJson` has refused: it takes its time.
 */
export function fieldProblems(
  desc: DescMessage,
  json: JsonValue,
  { at, registry }: ValuePlace,
): FieldProblem[] {
  if (isWellKnown(desc) || !isJsonObject(json)) {
    const isSound = fits(desc, json, registry);
    return isSound ? [] : [{ field: at, description: messageExpectation(desc) }];
  }
  const seen = new Set<DescField>();
  const problems = Object.entries(json).flatMap(([key, value]) => {
    const field = findField(desc, key);
    if (field === undefined) return [{ field: joined(at, key), description: "unknown field" }];
    const path = joined(at, field.jsonName);
    if (seen.has(field)) return [{ field: path, description: "given twice, under two names" }];
    if (value === null) return [];
    const rivals = rivalsOf(field, seen).map(({ jsonName }) => {
      return { field: path, description: `may not be given together with ${jsonName}` };
    });
    seen.add(field);
    return [...rivals, ...valueProblems({ desc, field, path, registry }, value)];
  });
  return problems.slice(0, problemCountMax);
}

/** The fields seen that stand in one oneof with this one, so that only one of them can be set. */
function rivalsOf({ oneof }: DescField, seen: ReadonlySet<DescField>): DescField[] {
  return oneof === undefined ? [] : [...seen].filter((other) => other.oneof === oneof);
}

interface Place {
  readonly desc: DescMessage;
  readonly field: DescField;
  readonly path: string;
  readonly registry: Registry;
}

function valueProblems(place: Place, value: JsonValue): FieldProblem[] {
  const { desc, field, path, registry } = place;
  if (field.fieldKind === "message") {
    return fieldProblems(field.message, value, { at: path, registry });
  }
  const items = itemsOf(field, value, path);
  if (items !== undefined) return items.flatMap((item) => itemProblems(place, item));
  const isSound = fits(desc, { [field.jsonName]: value }, registry);
  return isSound ? [] : [{ field: path, description: expectationOf(field) }];
}

/** One item of a list or map: its path, its value, and a field's value with this item only. */
interface Item {
  readonly path: string;
  readonly value: JsonValue;
  readonly alone: JsonValue;
}

function itemsOf(field: DescField, value: JsonValue, path: string): Item[] | undefined {
  if (field.fieldKind === "list" && Array.isArray(value)) {
    return value.map((item, index) => ({
      path: `${path}[${index}]`,
      value: item,
      alone: [item],
    }));
  }
  if (field.fieldKind === "map" && isJsonObject(value)) {
    return Object.entries(value).map(([key, item]) => ({
      path: joined(path, key),
      value: item,
      alone: { [key]: item },
    }));
  }
  return undefined;
}

function itemProblems({ desc, field, registry }: Place, item: Item): FieldProblem[] {
  if ("message" in field && field.message !== undefined && item.value !== null) {
    return fieldProblems(field.message, item.value, { at: item.path, registry });
  }
  if (fits(desc, { [field.jsonName]: item.alone }, registry)) return [];
  return [{ field: item.path, description: itemExpectationOf(field) }];
}

function fits(desc: DescMessage, json: JsonValue, registry: Registry): boolean {
  try {
    fromJson(desc, json, { registry });
    return true;
  } catch {
    // What is wrong is said by the caller, in words that hold nothing of the value.
    return false;
  }
}

function joined(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
