import { Byte } from "./bytes.ts";
import { hasPath, type JsonPlace, memberName, pathOf } from "./json-place.ts";
import { type JsonNode, jsonTree } from "./json-tree.ts";
import { isSameNumber, isSameString } from "./same-scalar.ts";

/**
 * Gives the previous values of what changed between two sound documents, as a JSON object: its
 * keys are paths, names and array indexes joined by dots, its values the very bytes of `before`.
 * What was added has null, what was removed its old value, what has another type its whole old
 * value; without a change it is `{}`. A name with a dot cannot stand in a path: a change there gives
 * the whole old value of the object around it, for the document itself under the key "".
 * Undefined when it would have more than `bytesMax` bytes. Takes time in proportion to the bytes.
 */
export function previousAttributes(
  before: Uint8Array,
  after: Uint8Array,
  bytesMax: number,
): Uint8Array | undefined {
  if (Buffer.compare(before, after) === 0) return Buffer.from("{}");
  const changes: Change[] = [];
  noteChanges({ before, after, changes }, jsonTree(before), jsonTree(after), undefined);
  return written(before, changes, bytesMax);
}

interface Change {
  /** Undefined: the document itself. */
  readonly place: JsonPlace | undefined;
  /** What stood there; undefined for nothing. */
  readonly old: JsonNode | undefined;
}

interface Comparison {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly changes: Change[];
}

/** A value that stood or stands at the same place of both documents, in one of them or in both. */
type Pair = readonly [old: JsonNode | undefined, now: JsonNode | undefined];

function noteChanges(
  comparison: Comparison,
  old: JsonNode,
  now: JsonNode,
  place: JsonPlace | undefined,
): void {
  const hasItems = old.kind === "object" || old.kind === "array";
  if (old.kind === now.kind && hasItems) noteItems(comparison, old, now, place);
  else if (!isSameScalar(comparison, old, now)) comparison.changes.push({ place, old });
}

/** Where a name that has no path changed, all that changed is the object around it. */
function noteItems(
  comparison: Comparison,
  old: JsonNode,
  now: JsonNode,
  outer: JsonPlace | undefined,
): void {
  const { before, after, changes } = comparison;
  const countBefore = changes.length;
  let index = 0;
  for (const [oldItem, nowItem] of pairs(comparison, old, now)) {
    const node = oldItem ?? nowItem;
    if (node === undefined) continue;
    const bytes = oldItem ? before : after;
    const place = { outer, bytes, node, index: old.kind === "array" ? index : undefined };
    const count = changes.length;
    if (oldItem && nowItem) noteChanges(comparison, oldItem, nowItem, place);
    else changes.push({ place, old: oldItem });
    index += 1;
    if (changes.length === count || hasPath(place)) continue;
    changes.length = countBefore;
    changes.push({ place: outer, old });
    return;
  }
}

/** Gives elements by index, or members by name: the old ones in their order, then the new ones. */
function* pairs(comparison: Comparison, old: JsonNode, now: JsonNode): Generator<Pair> {
  if (old.kind === "object" && !hasSameNames(comparison, old, now)) {
    return yield* pairsByName(comparison, old, now);
  }
  const count = Math.max(old.items.length, now.items.length);
  for (let index = 0; index < count; index += 1) yield [old.items[index], now.items[index]];
}

/** Tells whether two objects have the same names, spelt alike and in the same order. */
function hasSameNames({ before, after }: Comparison, old: JsonNode, now: JsonNode): boolean {
  if (old.items.length !== now.items.length) return false;
  return old.items.every((member, index) => {
    const other = now.items[index];
    if (other === undefined) return false;
    const { nameStart, nameEnd } = member;
    return isSameSource(
      { bytes: before, start: nameStart, end: nameEnd },
      { bytes: after, start: other.nameStart, end: other.nameEnd },
    );
  });
}

function* pairsByName(
  { before, after }: Comparison,
  old: JsonNode,
  now: JsonNode,
): Generator<Pair> {
  const left = new Map(now.items.map((member) => [keyOf(after, member), member]));
  for (const member of old.items) {
    const key = keyOf(before, member);
    yield [member, left.get(key)];
    left.delete(key);
  }
  for (const member of left.values()) yield [undefined, member];
}

/**
 * A name behind a quote, which keeps names like "123" from being array indexes: V8 hashes those
 * without its seed, so that they can be made to collide.
 */
function keyOf(bytes: Uint8Array, member: JsonNode): string {
  return `"${memberName(bytes, member)}`;
}

function isSameScalar({ before, after }: Comparison, old: JsonNode, now: JsonNode): boolean {
  if (old.kind !== now.kind) return false;
  const one = { bytes: before, start: old.start, end: old.end };
  const other = { bytes: after, start: now.start, end: now.end };
  if (isSameSource(one, other)) return true;
  if (old.kind === "string") return isSameString(textOf(one), textOf(other));
  if (old.kind !== "number" || (isPlain(one) && isPlain(other))) return false;
  return isSameNumber(textOf(one), textOf(other));
}

interface Source {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function isSameSource(one: Source, other: Source): boolean {
  const length = one.end - one.start;
  if (other.end - other.start !== length) return false;
  for (let offset = 0; offset < length; offset += 1) {
    if (one.bytes[one.start + offset] !== other.bytes[other.start + offset]) return false;
  }
  return true;
}

/** Tells whether a number can be written in one way only: digits, after a minus or none. */
function isPlain({ bytes, start, end }: Source): boolean {
  if (bytes[start] === Byte.zero) return false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    const isDigit = byte >= Byte.zero && byte <= Byte.nine;
    if (!isDigit && (byte !== Byte.minus || bytes[at + 1] === Byte.zero)) return false;
  }
  return true;
}

function textOf({ bytes, start, end }: Source): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function written(
  before: Uint8Array,
  changes: readonly Change[],
  bytesMax: number,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let length = 1;
  for (const { place, old } of changes) {
    const separator = parts.length === 0 ? "{" : ",";
    const head = Buffer.from(`${separator}${JSON.stringify(pathOf(place))}:`);
    const value = old === undefined ? nullText : before.subarray(old.start, old.end);
    parts.push(head, value);
    length += head.length + value.length;
    // Paths repeat for each change what the documents name once.
    if (length > bytesMax) return undefined;
  }
  return parts.length === 0 ? Buffer.from("{}") : Buffer.concat([...parts, closing]);
}

const nullText = Buffer.from("null");
const closing = Buffer.from("}");
