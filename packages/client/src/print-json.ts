import { randomUUID } from "node:crypto";
import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageJsonType,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { innerMessage, isRawJson } from "./raw-json.ts";

/**
 * Gives a message as ProtoJSON has it, to take apart: enums by name, times as text, what is empty
 * or 0, too. Values that are JSON themselves stand in base64.
 */
export function jsonOf<S extends DescMessage>(
  schema: S,
  message: MessageShape<S>,
): MessageJsonType<S> {
  // The same type: it allows every member to be there.
  return toJson(schema, message, { alwaysEmitImplicit: true }) as MessageJsonType<S>;
}

type JsonObject = { [name: string]: JsonValue };

/**
 * Writes a message as the REST API does: an event's data stands in it byte by byte as it was
 * published. Numbers and booleans are always there; empty texts, lists, maps and enums are not,
 * but for the list and the token of a page.
 */
export function printJson<S extends DescMessage>(
  schema: S,
  message: MessageShape<S>,
  indent = 0,
): string {
  const json = toJson(schema, message, { alwaysEmitImplicit: true });
  // Nobody can have put it into a message before.
  const mark = randomUUID();
  const raw: string[] = [];
  const shown = tidy(schema, json as JsonObject, (base64) => {
    raw.push(Buffer.from(base64, "base64").toString());
    return `${mark} ${raw.length - 1}`;
  });
  const text = JSON.stringify(shown, null, indent);
  return text.replaceAll(new RegExp(`"${mark} (\\d+)"`, "g"), (_, index) => raw[index] ?? "");
}

function tidy(schema: DescMessage, json: JsonObject, keep: (base64: string) => string): JsonObject {
  const isPage = schema.fields.some(({ name }) => name === "next_page_token");
  const members = schema.fields.flatMap((field): [string, JsonValue][] => {
    const value = json[field.jsonName];
    if (value === undefined || isLeftOut(field, value, isPage)) return [];
    return [[field.jsonName, tidyField(field, value, keep)]];
  });
  return Object.fromEntries(members);
}

function isLeftOut(field: DescField, value: JsonValue, isPage: boolean): boolean {
  switch (field.fieldKind) {
    case "list":
      return !isPage && (value as JsonValue[]).length === 0;
    case "map":
      return Object.keys(value as JsonObject).length === 0;
    case "enum":
      return value === field.enum.values[0]?.name;
    case "scalar":
      return value === "" && !(isPage && field.name === "next_page_token");
    case "message":
      return false;
  }
}

function tidyField(field: DescField, value: JsonValue, keep: (base64: string) => string) {
  if (isRawJson(field)) return keep(String(value));
  const inner = innerMessage(field);
  if (inner === undefined) return value;
  const one = (item: JsonValue) => tidy(inner, item as JsonObject, keep);
  switch (field.fieldKind) {
    case "list":
      return (value as JsonValue[]).map(one);
    case "map":
      return Object.fromEntries(
        Object.entries(value as JsonObject).map(([name, item]) => [name, one(item)]),
      );
    default:
      return one(value);
  }
}
