import type { JsonNode } from "./json-tree.ts";

/** Where a value stands within a document: in which place, and under which name or index there. */
export interface JsonPlace {
  /** Undefined: in the document itself. */
  readonly outer: JsonPlace | undefined;
  /** The document that has the name. */
  readonly bytes: Uint8Array;
  /** The value. */
  readonly node: JsonNode;
  /** Its index; undefined in an object. */
  readonly index: number | undefined;
}

/**
 * Tells whether a path can lead through the place: a name with a dot would be taken for two, and
 * an empty one in the document for the document itself.
 */
export function hasPath({ outer, bytes, node, index }: JsonPlace): boolean {
  if (index !== undefined) return true;
  const name = memberName(bytes, node);
  return !name.includes(".") && (name !== "" || outer !== undefined);
}

/** Gives the path of a place: names and indexes, joined by dots; empty for the document. */
export function pathOf(place: JsonPlace | undefined): string {
  const steps: string[] = [];
  for (let at = place; at !== undefined; at = at.outer) {
    steps.push(at.index === undefined ? memberName(at.bytes, at.node) : String(at.index));
  }
  return steps.reverse().join(".");
}

/** Gives the name of a member as text, whatever escapes it is spelt with. */
export function memberName(bytes: Uint8Array, { nameStart, nameEnd }: JsonNode): string {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset + nameStart, nameEnd - nameStart);
  const text = source.toString("utf8");
  return text.includes("\\") ? String(JSON.parse(text)) : text.slice(1, -1);
}
