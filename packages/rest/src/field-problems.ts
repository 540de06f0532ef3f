import { type DescField, type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { FieldProblem } from "@posthorn/errors";
import { expectationOf, itemExpectationOf, messageExpectation } from "./expectation.ts";
import { findField } from "./field-path.ts";
import { isJsonObject } from "./json-object.ts";

/** More problems than these help nobody. */
const problemCountMax = 20;

/**
 * Names the fields of a JSON value that do not fit a message, in the value's order; `at` is the
 * path of the value itself. Only for a value that `fromJson` has refused: it takes its time.
 */
export function fieldProblems(desc: DescMessage, json: JsonValue, at = ""): FieldProblem[] {
  if (desc.typeName.startsWith("google.protobuf.") || !isJsonObject(json)) {
    return fits(desc, json) ? [] : [{ field: at, description: messageExpectation(desc) }];
  }
  const seen = new Set<DescField>();
  const problems = Object.entries(json).flatMap(([key, value]) => {
    const field = findField(desc, key);
    if (field === undefined) return [{ field: joined(at, key), description: "unknown field" }];
    const path = joined(at, field.jsonName);
    if (seen.has(field)) return [{ field: path, description: "given twice, under two names" }];
    seen.add(field);
    return valueProblems({ desc, field, path }, value);
  });
  return problems.slice(0, problemCountMax);
}

interface Place {
  readonly desc: DescMessage;
  readonly field: DescField;
  readonly path: string;
}

function valueProblems({ desc, field, path }: Place, value: JsonValue): FieldProblem[] {
  if (value === null) return [];
  if (field.fieldKind === "message") return fieldProblems(field.message, value, path);
  const items = itemsOf(field, value, path);
  if (items !== undefined) return items.flatMap((item) => itemProblems({ desc, field }, item));
  const description = expectationOf(field);
  return fits(desc, { [field.jsonName]: value }) ? [] : [{ field: path, description }];
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

function itemProblems({ desc, field }: Omit<Place, "path">, item: Item): FieldProblem[] {
  if ("message" in field && field.message !== undefined && item.value !== null) {
    return fieldProblems(field.message, item.value, item.path);
  }
  if (fits(desc, { [field.jsonName]: item.alone })) return [];
  return [{ field: item.path, description: itemExpectationOf(field) }];
}

function fits(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json);
    return true;
  } catch {
    // What is wrong is said by the caller, in words that hold nothing of the value.
    return false;
  }
}

function joined(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
