import { Byte, skipSpace } from "./bytes.ts";
import { endOfString } from "./tokens.ts";

/** A value of a document, by where its source text stands. */
export interface JsonNode {
  readonly kind: "object" | "array" | "string" | "number" | "literal";
  readonly start: number;
  /** The offset behind its last byte. */
  readonly end: number;
  /** Its members by name, or its elements by index as text; empty in scalars. */
  readonly items: ReadonlyMap<string, JsonNode>;
}

const noItems: ReadonlyMap<string, JsonNode> = new Map();

/**
 * Gives the tree of a sound document: call scanJson before, whose limit on depth bounds the
 * recursion here. Names are texts behind a quote, which keeps names like "123" from being array
 * indexes: V8 hashes those without its seed, so that they can be made to collide.
 */
export function jsonTree(bytes: Uint8Array): JsonNode {
  return nodeAt(bytes, skipSpace(bytes, 0));
}

function nodeAt(bytes: Uint8Array, start: number): JsonNode {
  switch (bytes[start]) {
    case Byte.openBrace:
      return objectAt(bytes, start);
    case Byte.openBracket:
      return arrayAt(bytes, start);
    case Byte.quote:
      return { kind: "string", start, end: endOfString(bytes, start), items: noItems };
  }
  const first = bytes[start] ?? 0;
  const kind = first === Byte.minus || first <= Byte.nine ? "number" : "literal";
  return { kind, start, end: endOfBareValue(bytes, start), items: noItems };
}

function objectAt(bytes: Uint8Array, start: number): JsonNode {
  const items = new Map<string, JsonNode>();
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] === Byte.quote) {
    const nameEnd = endOfString(bytes, at);
    const name = quotedName(bytes, at, nameEnd);
    const item = nodeAt(bytes, skipSpace(bytes, skipSpace(bytes, nameEnd) + 1));
    items.set(name, item);
    at = nextItem(bytes, item.end);
  }
  return { kind: "object", start, end: at + 1, items };
}

function arrayAt(bytes: Uint8Array, start: number): JsonNode {
  const items = new Map<string, JsonNode>();
  let at = skipSpace(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== Byte.closeBracket) {
    const item = nodeAt(bytes, at);
    items.set(`"${items.size}`, item);
    at = nextItem(bytes, item.end);
  }
  return { kind: "array", start, end: at + 1, items };
}

/** Gives the offset of what follows a value, stepping over white space and a comma. */
export function nextItem(bytes: Uint8Array, end: number): number {
  const at = skipSpace(bytes, end);
  return bytes[at] === Byte.comma ? skipSpace(bytes, at + 1) : at;
}

function quotedName(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  return text.includes("\\") ? `"${JSON.parse(text)}` : text.slice(0, -1);
}

/** Gives the offset behind a number or literal: a structural byte or white space ends it. */
export function endOfBareValue(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isBare(bytes[at] as number)) at += 1;
  return at;
}

function isBare(byte: number): boolean {
  return (
    byte > 0x20 && byte !== Byte.comma && byte !== Byte.closeBrace && byte !== Byte.closeBracket
  );
}
