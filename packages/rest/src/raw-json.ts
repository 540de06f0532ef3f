import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import type { CutPlan, JsonSpan } from "@posthorn/json";
import { raw_json as rawJson } from "@posthorn/proto/posthorn/type/v1/options";

/** Tells whether a field's bytes are JSON text that stands in a body as it is. */
export function isRawJson(field: DescField): boolean {
  const isBytes = "scalar" in field && field.scalar === ScalarType.BYTES;
  return isBytes && getOption(field, rawJson);
}

/** A body whose raw values were cut out, each leaving a stand-in that ProtoJSON reads as bytes. */
export interface CutBody {
  readonly text: string;
  /** The exact source of each value, in the order of their stand-ins. */
  readonly values: readonly Uint8Array[];
}

/** Takes the values of the spans out of a JSON body, whose memory they share. */
export function cutRawValues(body: Uint8Array, spans: readonly JsonSpan[]): CutBody {
  const source = Buffer.from(body.buffer, body.byteOffset, body.length);
  const values: Uint8Array[] = [];
  let text = "";
  let at = 0;
  for (const { start, end } of spans) {
    text += `${source.toString("utf8", at, start)}"${standIn(values.length)}"`;
    values.push(new Uint8Array(body.buffer, body.byteOffset + start, end - start));
    at = end;
  }
  return { text: text + source.toString("utf8", at), values };
}

/** The base64 of a value's index in three bytes. */
function standIn(index: number): string {
  return Buffer.from([index >> 16, index >> 8, index]).toString("base64");
}

/** Gives the value whose stand-in was read into a bytes field; bytes that were never set pass. */
export function rawValueOf(standInBytes: Uint8Array, values: CutBody["values"]): Uint8Array {
  const [high, middle = 0, low = 0] = standInBytes;
  if (high === undefined) return standInBytes;
  return values[(high << 16) | (middle << 8) | low] ?? standInBytes;
}

/** Gives the plan that cuts the raw values of a message's JSON; undefined when it has none. */
export function rawPlan(desc: DescMessage): CutPlan | undefined {
  return hasRawJson(desc) ? messagePlan(desc, new Map()) : undefined;
}

/** Gives the plan that cuts the raw values of a field's JSON; undefined when it has none. */
export function rawFieldPlan(field: DescField): CutPlan | undefined {
  return fieldPlan(field, new Map());
}

function messagePlan(desc: DescMessage, known: Map<string, CutPlan>): CutPlan {
  const begun = known.get(desc.typeName);
  if (begun !== undefined) return begun;
  const members = new Map<string, CutPlan>();
  const plan = { members };
  known.set(desc.typeName, plan);
  for (const field of desc.fields) {
    const inner = fieldPlan(field, known);
    if (inner === undefined) continue;
    members.set(field.jsonName, inner);
    members.set(field.name, inner);
  }
  return plan;
}

function fieldPlan(field: DescField, known: Map<string, CutPlan>): CutPlan | undefined {
  const plan = isRawJson(field) ? "raw" : messageFieldPlan(field, known);
  const isMany = field.fieldKind === "list" || field.fieldKind === "map";
  return isMany && plan !== undefined ? { each: plan } : plan;
}

function messageFieldPlan(field: DescField, known: Map<string, CutPlan>): CutPlan | undefined {
  const desc = "message" in field ? field.message : undefined;
  return desc !== undefined && hasRawJson(desc) ? messagePlan(desc, known) : undefined;
}

/** Tells whether a message has a raw_json field, itself or further down. */
export function hasRawJson(desc: DescMessage, seen: Set<string> = new Set()): boolean {
  if (seen.has(desc.typeName)) return false;
  seen.add(desc.typeName);
  return desc.fields.some((field) => {
    if (isRawJson(field)) return true;
    return "message" in field && field.message !== undefined && hasRawJson(field.message, seen);
  });
}
