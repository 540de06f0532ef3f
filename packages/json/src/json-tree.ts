import { Byte, skipSpace } from "./bytes.ts";
import { endOfString } from "./tokens.ts";

/** A value of a document, by where its source text stands. Nothing of it is decoded. */
export interface JsonNode {
  readonly kind: "object" | "array" | "string" | "number" | "literal";
  readonly start: number;
  /** The offset behind its last byte. */
  readonly end: number;
  /** Where its name stands, in quotes; of a member of an object, else 0. */
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Its members or elements, in their order; empty in scalars. */
  readonly items: readonly JsonNode[];
}

interface Name {
  readonly nameStart: number;
  readonly nameEnd: number;
}

const noName: Name = { nameStart: 0, nameEnd: 0 };
const noItems: readonly JsonNode[] = [];

/**
 * Gives the tree of a sound document: call scanJson before, whose limit on depth bounds the
 * recursion here.
 */
export function jsonTree(bytes: Uint8Array): JsonNode {
  return nodeAt(bytes, skipSpace(bytes, 0), noName);
}

function nodeAt(bytes: Uint8Array, start: number, { nameStart, nameEnd }: Name): JsonNode {
  const first = bytes[start] ?? 0;
  if (first === Byte.openBrace || first === Byte.openBracket) {
    const kind = first === Byte.openBrace ? "object" : "array";
    const items: JsonNode[] = [];
    const end =
      kind === "object" ? readMembers(bytes, start, items) : readList(bytes, start, items);
    return { kind, start, end, nameStart, nameEnd, items };
  }
  if (first === Byte.quote) {
    const end = endOfString(bytes, start);
    return { kind: "string", start, end, nameStart, nameEnd, items: noItems };
  }
  const kind = first === Byte.minus || first <= Byte.nine ? "number" : "literal";
  return { kind, start, end: endOfBareValue(bytes, start), nameStart, nameEnd, items: noItems };
}

/** Reads the members of the object at `start`; gives the offset behind it. */
function readMembers(bytes: Uint8Array, start: number, members: JsonNode[]): number {
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] === Byte.quote) {
    const nameEnd = endOfString(bytes, at);
    const value = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1);
    const member = nodeAt(bytes, value, { nameStart: at, nameEnd });
    members.push(member);
    at = nextItem(bytes, member.end);
  }
  return at + 1;
}

/** Reads the elements of the array at `start`; gives the offset behind it. */
function readList(bytes: Uint8Array, start: number, elements: JsonNode[]): number {
  let at = skipSpace(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== Byte.closeBracket) {
    const element = nodeAt(bytes, at, noName);
    elements.push(element);
    at = nextItem(bytes, element.end);
  }
  return at + 1;
}

/** Gives the offset of what follows a value, stepping over white space and a comma. */
export function nextItem(bytes: Uint8Array, end: number): number {
  const at = skipSpace(bytes, end);
  return bytes[at] === Byte.comma ? skipSpace(bytes, at + 1) : at;
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
