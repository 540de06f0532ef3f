import { Byte } from "./bytes.ts";

/** What a token's end is when the token is malformed: `~end` is the offset of the fault. */
export type End = number;

/** 1 for the bytes at which a run of plain string bytes ends: `"`, `\` and below 0x20. */
const endsRun = new Uint8Array(256);
endsRun.fill(1, 0, 0x20);
endsRun[Byte.quote] = 1;
endsRun[Byte.backslash] = 1;

const simpleEscapes = new Set([...`"\\/bfnrt`].map((character) => character.charCodeAt(0)));

/**
 * Gives the offset behind the string whose opening quote stands at `start`, or `~offset` of what
 * is wrong in it. Says nothing of UTF-8, which is checked for the whole text at once.
 */
export function endOfString(bytes: Uint8Array, start: number): End {
  let at = start + 1;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (endsRun[byte] === 0) {
      at += 1;
    } else if (byte === Byte.quote) {
      return at + 1;
    } else if (byte === Byte.backslash) {
      const length = escapeLength(bytes, at);
      if (length === 0) return ~at;
      at += length;
    } else {
      return ~at;
    }
  }
  return ~at;
}

/** Gives how many bytes the escape at `at` has, a surrogate pair as one; 0 when it is wrong. */
function escapeLength(bytes: Uint8Array, at: number): number {
  const kind = bytes[at + 1];
  if (kind !== Byte.lowerU) return kind !== undefined && simpleEscapes.has(kind) ? 2 : 0;
  const unit = codeUnit(bytes, at);
  if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return 0;
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  const low = codeUnit(bytes, at + 6);
  return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

/** Gives the value of the `\uXXXX` at `at`, or -1 when there is none. */
export function codeUnit(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== Byte.backslash || bytes[at + 1] !== Byte.lowerU) return -1;
  let unit = 0;
  for (let index = at + 2; index < at + 6; index += 1) {
    const digit = hexValue(bytes[index]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Gives the offset behind the number that starts at `start`, or `~offset` of what is wrong. */
export function endOfNumber(bytes: Uint8Array, start: number): End {
  let at = bytes[start] === Byte.minus ? start + 1 : start;
  const integerEnd = bytes[at] === Byte.zero ? at + 1 : endOfDigits(bytes, at);
  if (integerEnd === at) return ~at;
  at = integerEnd;
  if (bytes[at] === Byte.dot) {
    const fractionEnd = endOfDigits(bytes, at + 1);
    if (fractionEnd === at + 1) return ~fractionEnd;
    at = fractionEnd;
  }
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  const digits = sign === 0x2b || sign === Byte.minus ? at + 2 : at + 1;
  const exponentEnd = endOfDigits(bytes, digits);
  return exponentEnd === digits ? ~digits : exponentEnd;
}

function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isDigit(bytes[at] as number)) at += 1;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= Byte.zero && byte <= Byte.nine;
}

const literals = new Map(
  ["true", "false", "null"].map((text) => [text.charCodeAt(0), Buffer.from(text)]),
);

/** Gives the offset behind the `true`, `false` or `null` at `start`, or `~offset` of the fault. */
export function endOfLiteral(bytes: Uint8Array, start: number): End {
  const literal = literals.get(bytes[start] ?? 0);
  if (literal === undefined) return ~start;
  for (let index = 1; index < literal.length; index += 1) {
    if (bytes[start + index] !== literal[index]) return ~(start + index);
  }
  return start + literal.length;
}
