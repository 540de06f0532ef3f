import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  type JsonObject,
  type Message,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { FieldProblem } from "@posthorn/errors";
import { raw_json as rawJson } from "@posthorn/proto/posthorn/type/v1/options";
import type { FileTree } from "../../domain/file-tree.ts";
import { refuseProblems } from "../../domain/problems.ts";

/**
 * Reads a message out of a file in ProtoJSON, with fields of raw JSON standing in it as they are.
 * Throws `invalid` naming every unknown and every malformed field by its path.
 */
export function messageOfFile(schema: DescMessage, tree: FileTree): Message {
  const reading: Reading = { tree, problems: [] };
  const message = readMessage(reading, schema, tree.value, "");
  refuseProblems(reading.problems);
  return message.message;
}

interface Reading {
  readonly tree: FileTree;
  readonly problems: FieldProblem[];
}

function readMessage(
  reading: Reading,
  schema: DescMessage,
  value: unknown,
  path: string,
): ReflectMessage {
  const message = reflect(schema, create(schema));
  if (!isObject(value)) {
    reading.problems.push({ field: path || "file", description: "must be an object" });
    return message;
  }
  for (const [key, item] of Object.entries(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    const field = schema.fields.find(({ jsonName }) => jsonName === key);
    if (field === undefined) reading.problems.push({ field: at, description: "is no known field" });
    else if (item !== null) readField(reading, { message, field, item, path: at });
  }
  return message;
}

interface FieldReading {
  readonly message: ReflectMessage;
  readonly field: DescField;
  readonly item: unknown;
  readonly path: string;
}

function readField(reading: Reading, { message, field, item, path }: FieldReading): void {
  if (getOption(field, rawJson)) {
    message.set(field, reading.tree.jsonText(path, item));
  } else if (field.fieldKind === "message" && isOurs(field.message)) {
    message.set(field, readMessage(reading, field.message, item, path));
  } else if (field.fieldKind === "list" && field.listKind === "message" && isOurs(field.message)) {
    readList(reading, { message, field, item, path }, field.message);
  } else {
    readLeaf(reading, { message, field, item, path });
  }
}

function readList(
  reading: Reading,
  { message, field, item, path }: FieldReading,
  schema: DescMessage,
): void {
  if (!Array.isArray(item) || field.fieldKind !== "list") {
    reading.problems.push({ field: path, description: "must be a list" });
    return;
  }
  const list = message.get(field);
  for (const [index, element] of item.entries()) {
    list.add(readMessage(reading, schema, element, `${path}[${index}]`));
  }
}

/** Scalars, enums, maps and well-known types: as ProtoJSON has them, one at a time. */
function readLeaf(reading: Reading, { message, field, item, path }: FieldReading): void {
  try {
    // What a file tree holds is JSON.
    const json = { [field.jsonName]: item } as JsonObject;
    const read = reflect(message.desc, fromJson(message.desc, json));
    if (read.isSet(field)) message.set(field, read.get(field));
  } catch (error) {
    reading.problems.push({ field: path, description: reasonOf(error) });
  }
}

/** The library's sentence names message and field first; the path says that better. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*? from JSON: /, "").slice(0, 200);
}

function isOurs({ typeName }: DescMessage): boolean {
  return typeName.startsWith("posthorn.");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
