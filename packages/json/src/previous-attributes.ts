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
  readonly path: string;
  /** Where it stood; undefined for what was not there. */
  readonly old: JsonNode | undefined;
}

interface Comparison {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly changes: Change[];
}

/** Notes what differs between two values at a path, which is undefined for the documents. */
function noteChanges(
  comparison: Comparison,
  old: JsonNode,
  now: JsonNode,
  path: string | undefined,
): void {
  const hasItems = old.kind === "object" || old.kind === "array";
  if (old.kind === now.kind && hasItems) noteItems(comparison, old, now, path);
  else if (!isSameScalar(comparison, old, now)) comparison.changes.push({ path: path ?? "", old });
}

function noteItems(
  comparison: Comparison,
  old: JsonNode,
  now: JsonNode,
  path: string | undefined,
): void {
  const { changes } = comparison;
  const countBefore = changes.length;
  for (const name of namesOf(old, now)) {
    const oldItem = old.items.get(name);
    const nowItem = now.items.get(name);
    const itemPath = pathOf(path, name);
    const count = changes.length;
    if (oldItem && nowItem) noteChanges(comparison, oldItem, nowItem, itemPath ?? "");
    else changes.push({ path: itemPath ?? "", old: oldItem });
    if (itemPath !== undefined || changes.length === count) continue;
    changes.length = countBefore;
    changes.push({ path: path ?? "", old });
    return;
  }
}

/** The old names in their order, then the new ones. */
function* namesOf(old: JsonNode, now: JsonNode): Generator<string> {
  yield* old.items.keys();
  for (const name of now.items.keys()) if (!old.items.has(name)) yield name;
}

/** Gives the path of a member; undefined when it has none, or none that is its own. */
function pathOf(path: string | undefined, quotedName: string): string | undefined {
  if (quotedName.includes(".")) return undefined;
  const name = quotedName.slice(1);
  if (path !== undefined) return `${path}.${name}`;
  return name === "" ? undefined : name;
}

function isSameScalar({ before, after }: Comparison, old: JsonNode, now: JsonNode): boolean {
  if (old.kind !== now.kind) return false;
  if (isSameSource(before, old, after, now)) return true;
  if (old.kind === "string") return isSameString(textOf(before, old), textOf(after, now));
  return old.kind === "number" && isSameNumber(textOf(before, old), textOf(after, now));
}

function isSameSource(
  before: Uint8Array,
  old: JsonNode,
  after: Uint8Array,
  now: JsonNode,
): boolean {
  const length = old.end - old.start;
  if (now.end - now.start !== length) return false;
  for (let offset = 0; offset < length; offset += 1) {
    if (before[old.start + offset] !== after[now.start + offset]) return false;
  }
  return true;
}

function textOf(bytes: Uint8Array, { start, end }: JsonNode): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function written(
  before: Uint8Array,
  changes: readonly Change[],
  bytesMax: number,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let length = 1;
  for (const { path, old } of changes) {
    // Paths are made of names that stand in the documents once, but repeat for each change.
    if (length + path.length > bytesMax) return undefined;
    const head = Buffer.from(`${parts.length === 0 ? "{" : ","}${JSON.stringify(path)}:`);
    const value = old === undefined ? nullText : before.subarray(old.start, old.end);
    parts.push(head, value);
    length += head.length + value.length;
  }
  if (length > bytesMax) return undefined;
  return parts.length === 0 ? Buffer.from("{}") : Buffer.concat([...parts, closing]);
}

const nullText = Buffer.from("null");
const closing = Buffer.from("}");
