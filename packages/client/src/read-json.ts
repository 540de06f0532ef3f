import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type CutPlan, type JsonProblem, scanAndCut } from "@posthorn/json";
import { PosthornError } from "./error.ts";
import { innerMessage, isRawJson } from "./raw-json.ts";

/** Far beyond what Posthorn takes: it says itself, by field, what is too much of what. */
const limits = { depthMax: 1_000, keysMax: 1_000_000 };

/**
 * Reads a message from JSON as the REST API takes it: an event's data is kept byte by byte as it
 * stands there. Throws PosthornError `invalid` for what is no JSON, and for members that are
 * unknown or of another type.
 */
export function readJson<S extends DescMessage>(schema: S, text: string): MessageShape<S> {
  return toMessage(schema, readRaw(text, planOf(schema, new Map())));
}

/** Reads an array of messages, each as `readJson` does. Problems name the element: `[3]`. */
export function readJsonList<S extends DescMessage>(schema: S, text: string): MessageShape<S>[] {
  const json = readRaw(text, { each: planOf(schema, new Map()) });
  if (!Array.isArray(json)) throw new PosthornError("invalid", "it must be an array");
  return json.map((element, index) => toMessage(schema, element, `[${index}]: `));
}

/** Reads JSON, with base64 in the places of raw values. */
function readRaw(text: string, plan: CutPlan): JsonValue {
  const bytes = Buffer.from(text);
  const { problem, spans } = scanAndCut(bytes, limits, plan);
  if (problem) throw new PosthornError("invalid", jsonWords(text, bytes, problem));
  let json = "";
  let at = 0;
  for (const { start, end } of spans) {
    json += `${bytes.toString("utf8", at, start)}"${bytes.toString("base64", start, end)}"`;
    at = end;
  }
  return JSON.parse(json + bytes.toString("utf8", at)) as JsonValue;
}

function toMessage<S extends DescMessage>(schema: S, json: JsonValue, where = ""): MessageShape<S> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new PosthornError("invalid", `${where}it must be an object`);
  }
  try {
    return fromJson(schema, json);
  } catch (cause) {
    throw new PosthornError("invalid", where + fieldWords(cause), { cause });
  }
}

function jsonWords(text: string, bytes: Buffer, { offset, message }: JsonProblem): string {
  const lines = bytes.toString("utf8", 0, offset).split("\n");
  const column = `column ${[...(lines.at(-1) ?? "")].length + 1}`;
  const isOneLine = !text.trimEnd().includes("\n");
  const where = isOneLine ? column : `line ${lines.length}, ${column}`;
  return `${message.replace(/ at byte \d+$/, "")} at ${where}`;
}

/** The library names message and field whole; the field's own name says it. */
function fieldWords(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words
    .replace(/^can(?:not|'t) decode message [\w.]+ from JSON: /, "")
    .replace(/^can(?:not|'t) decode field [\w.]+\.(\w+) from JSON: /, "$1: ");
}

function planOf(schema: DescMessage, known: Map<DescMessage, CutPlan>): CutPlan {
  const begun = known.get(schema);
  if (begun !== undefined) return begun;
  const members = new Map<string, CutPlan>();
  const plan = { members };
  known.set(schema, plan);
  for (const field of schema.fields) {
    const inner = fieldPlan(field, known);
    if (inner === undefined) continue;
    members.set(field.jsonName, inner);
    members.set(field.name, inner);
  }
  return plan;
}

function fieldPlan(field: DescField, known: Map<DescMessage, CutPlan>): CutPlan | undefined {
  const inner = innerMessage(field);
  const plan = isRawJson(field) ? "raw" : inner && planOf(inner, known);
  const isMany = field.fieldKind === "list" || field.fieldKind === "map";
  return isMany && plan !== undefined ? { each: plan } : plan;
}
