import { isUtf8 } from "node:buffer";
import { Byte, skipSpace } from "./bytes.ts";
import { KeyBook } from "./key-book.ts";
import { type JsonProblem, problemAt, syntaxProblem } from "./problem.ts";
import { endOfLiteral, endOfNumber, endOfString } from "./tokens.ts";
import { utf8Fault } from "./utf8.ts";

/** How large a document may be inside; its bytes are the caller's to limit. */
export interface JsonLimits {
  /** How many objects and arrays may stand in one another; `[]` has depth 1, `1` depth 0. */
  readonly depthMax: number;
  /** How many keys one object may have. */
  readonly keysMax: number;
}

/**
 * Checks that bytes are one JSON value as RFC 8259 has it, and more strictly: well-formed UTF-8
 * without a byte order mark, no lone surrogate in an escape, no key twice in an object (`"a"` and
 * `"\u0061"` are the same), within the limits. Gives the first problem, or undefined. Takes time
 * in proportion to the bytes whatever they are; depth costs no stack.
 */
export function scanJson(bytes: Uint8Array, limits: JsonLimits): JsonProblem | undefined {
  if (!isUtf8(bytes)) {
    const offset = utf8Fault(bytes);
    const message = `not UTF-8 at byte ${offset}`;
    return problemAt(bytes, { reason: "invalid_unicode", offset, message });
  }
  return new Scan(bytes, limits).run();
}

/** One walk over a text. Each step gives the offset behind what it read, or `stopped`. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #limits: JsonLimits;
  readonly #keys: KeyBook;
  /** The closing byte of each open container. */
  readonly #closers: number[] = [];
  #problem: JsonProblem | undefined;

  constructor(bytes: Uint8Array, limits: JsonLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#keys = new KeyBook(bytes);
  }

  run(): JsonProblem | undefined {
    let at = skipSpace(this.#bytes, 0);
    do {
      at = this.#value(at);
      if (at >= 0) at = this.#afterValue(at);
    } while (at >= 0 && at < this.#bytes.length);
    return at < 0 ? (this.#problem ?? syntaxProblem(this.#bytes, ~at)) : undefined;
  }

  /** Reads a scalar or opens containers up to the first scalar or empty container. */
  #value(start: number): number {
    let at = start;
    for (;;) {
      const byte = this.#bytes[at];
      if (byte === Byte.quote) return endOfString(this.#bytes, at);
      if (byte !== Byte.openBrace && byte !== Byte.openBracket) return this.#scalar(at);
      // The closing byte of either kind stands two behind the opening one in ASCII.
      const closer = byte + 2;
      if (!this.#open(at, closer)) return ~at;
      at = skipSpace(this.#bytes, at + 1);
      if (this.#bytes[at] === closer) return at;
      if (closer === Byte.closeBrace) at = this.#key(at);
      if (at < 0) return at;
    }
  }

  #scalar(at: number): number {
    const byte = this.#bytes[at] ?? 0;
    if (byte === Byte.minus || (byte >= Byte.zero && byte <= Byte.nine)) {
      return endOfNumber(this.#bytes, at);
    }
    return endOfLiteral(this.#bytes, at);
  }

  /** Closes what ends here and steps over a comma, to the next value or the end of the text. */
  #afterValue(start: number): number {
    let at = skipSpace(this.#bytes, start);
    while (this.#closers.length > 0) {
      const closer = this.#closers[this.#closers.length - 1] as number;
      const byte = this.#bytes[at];
      if (byte === Byte.comma) {
        at = skipSpace(this.#bytes, at + 1);
        if (closer === Byte.closeBrace) return this.#key(at);
        return at < this.#bytes.length ? at : ~at;
      }
      if (byte !== closer) return ~at;
      this.#close(closer);
      at = skipSpace(this.#bytes, at + 1);
    }
    return at < this.#bytes.length ? ~at : at;
  }

  /** Reads a name and its colon; gives the offset of the member's value. */
  #key(start: number): number {
    if (this.#bytes[start] !== Byte.quote) return ~start;
    const end = endOfString(this.#bytes, start);
    if (end < 0) return end;
    const colon = skipSpace(this.#bytes, end);
    if (this.#bytes[colon] !== Byte.colon) return ~colon;
    const count = this.#keys.add(start, end);
    if (count === 0) return this.#stop(start, "duplicate_key", "the same key twice in one object");
    if (count > this.#limits.keysMax) {
      const message = `an object has more than ${this.#limits.keysMax} keys`;
      return this.#stop(start, "too_many_keys", message);
    }
    const value = skipSpace(this.#bytes, colon + 1);
    return value < this.#bytes.length ? value : ~value;
  }

  #open(at: number, closer: number): boolean {
    if (this.#closers.push(closer) > this.#limits.depthMax) {
      this.#stop(at, "too_deep", `nested more than ${this.#limits.depthMax} deep`);
      return false;
    }
    if (closer === Byte.closeBrace) this.#keys.open();
    return true;
  }

  #close(closer: number): void {
    this.#closers.pop();
    if (closer === Byte.closeBrace) this.#keys.close();
  }

  #stop(offset: number, reason: JsonProblem["reason"], message: string): number {
    this.#problem = problemAt(this.#bytes, { reason, offset, message });
    return ~offset;
  }
}
