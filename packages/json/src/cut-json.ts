import { Byte, skipSpace } from "./bytes.ts";
import { endOfBareValue, nextItem } from "./json-tree.ts";
import { endOfString } from "./tokens.ts";

/**
 * Which values of a document to cut: a text labels the value that stands here, `members` looks
 * into an object by name, `each` into every element of an array or every member of an object.
 * A plan may contain itself.
 */
export type CutPlan =
  | string
  | { readonly members: ReadonlyMap<string, CutPlan> }
  | { readonly each: CutPlan };

/** Where a value's source text stands in the document, without white space around it. */
export interface JsonSpan {
  /** The plan's label for it. */
  readonly label: string;
  readonly start: number;
  /** The offset behind its last byte. */
  readonly end: number;
}

/**
 * Gives the source spans of the values that the plan names, in the document's order. What the
 * document lacks, or has in another shape than the plan says, is left out. The bytes must be
 * sound: call scanJson before.
 */
export function cutJson(bytes: Uint8Array, plan: CutPlan): JsonSpan[] {
  const spans: JsonSpan[] = [];
  cutValue({ bytes, spans }, skipSpace(bytes, 0), plan);
  return spans;
}

interface Cutting {
  readonly bytes: Uint8Array;
  readonly spans: JsonSpan[];
}

/** Cuts within the value at `start`; gives the offset behind it. */
function cutValue(cutting: Cutting, start: number, plan: CutPlan): number {
  const { bytes, spans } = cutting;
  if (typeof plan === "string") {
    const end = endOfValue(bytes, start);
    spans.push({ label: plan, start, end });
    return end;
  }
  if (bytes[start] === Byte.openBrace) return cutObject(cutting, start, plan);
  if (bytes[start] === Byte.openBracket && "each" in plan) {
    return cutArray(cutting, start, plan.each);
  }
  return endOfValue(bytes, start);
}

function cutObject(cutting: Cutting, start: number, plan: Exclude<CutPlan, string>): number {
  const { bytes } = cutting;
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] === Byte.quote) {
    const nameEnd = endOfString(bytes, at);
    const member = memberPlan(plan, bytes, at, nameEnd);
    const value = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1);
    const end = member === undefined ? endOfValue(bytes, value) : cutValue(cutting, value, member);
    at = nextItem(bytes, end);
  }
  return at + 1;
}

function cutArray(cutting: Cutting, start: number, plan: CutPlan): number {
  const { bytes } = cutting;
  let at = skipSpace(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== Byte.closeBracket) {
    at = nextItem(bytes, cutValue(cutting, at, plan));
  }
  return at + 1;
}

/** Gives what to cut of the member whose name, in its quotes, stands from `start` to `end`. */
export function memberPlan(
  plan: Exclude<CutPlan, string>,
  bytes: Uint8Array,
  start: number,
  end: number,
): CutPlan | undefined {
  return "each" in plan ? plan.each : plan.members.get(nameText(bytes, start, end));
}

function nameText(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  return text.includes("\\") ? String(JSON.parse(text)) : text.slice(1, -1);
}

/** Gives the offset behind the sound value at `start`. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === Byte.quote) {
      at = endOfString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === Byte.openBrace || byte === Byte.openBracket) depth += 1;
    else if (byte === Byte.closeBrace || byte === Byte.closeBracket) depth -= 1;
    else if (depth === 0) return endOfBareValue(bytes, at);
    at += 1;
    if (depth === 0) return at;
  }
  return at;
}
