import { isUtf8 } from "node:buffer";
import { Byte, skipSpace } from "./bytes.ts";
import { type CutPlan, type JsonSpan, memberPlan } from "./cut-json.ts";
import type { JsonLimits } from "./json-limits.ts";
import { KeyBook } from "./key-book.ts";
import { type JsonProblem, problemAt, syntaxProblem } from "./problem.ts";
import { isKnownSound } from "./sound.ts";
import { endOfLiteral, endOfNumber, endOfString } from "./tokens.ts";
import { utf8Fault } from "./utf8.ts";

/**
 * Checks that bytes are one JSON value as RFC 8259 has it, and more strictly: well-formed UTF-8
 * without a byte order mark, no lone surrogate in an escape, no key twice in an object (`"a"` and
 * `"\u0061"` are the same), within the limits. Gives the first problem, or undefined. Takes time
 * in proportion to the bytes whatever they are; depth costs no stack.
 */
export function scanJson(bytes: Uint8Array, limits: JsonLimits): JsonProblem | undefined {
  return isKnownSound(bytes, limits) ? undefined : scanAndCut(bytes, limits).problem;
}

/** What is wrong with a document, and what was cut out of it, which is good if nothing is. */
export interface ScannedJson {
  readonly problem: JsonProblem | undefined;
  readonly spans: readonly JsonSpan[];
  /** How many objects and arrays stand in one another at most. */
  readonly depth: number;
}

/** Checks bytes as `scanJson` does, and gives what `cutJson` would then give, in one walk. */
export function scanAndCut(bytes: Uint8Array, limits: JsonLimits, plan?: CutPlan): ScannedJson {
  if (!isUtf8(bytes)) {
    const offset = utf8Fault(bytes);
    const message = `not UTF-8 at byte ${offset}`;
    const problem = problemAt(bytes, { reason: "invalid_unicode", offset, message });
    return { problem, spans: [], depth: 0 };
  }
  const scan = new Scan(bytes, limits, plan);
  return { problem: scan.run(), spans: scan.spans, depth: scan.depth };
}

/** One walk over a text. Each step gives the offset behind what it read, or `stopped`. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #limits: JsonLimits;
  readonly #keys: KeyBook;
  /** The closing byte of each open container. */
  readonly #closers: number[] = [];
  #problem: JsonProblem | undefined;
  /** What was cut. */
  readonly spans: JsonSpan[] = [];
  /** How many containers were open at once. */
  depth = 0;
  /** What to cut of the value that comes next. */
  #plan: CutPlan | undefined;
  /** What to cut of the members or elements of each open container. */
  readonly #plans: (Exclude<CutPlan, string> | undefined)[] = [];
  #cut = { label: "", start: 0 };
  /** How many containers are open around the value that is being cut; -1: none is being cut. */
  #cutDepth = -1;

  constructor(bytes: Uint8Array, limits: JsonLimits, plan: CutPlan | undefined) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#keys = new KeyBook(bytes);
    this.#plan = plan;
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
      const plan = this.#plan;
      this.#plan = undefined;
      if (typeof plan === "string") this.#beginCut(plan, at);
      if (byte === Byte.quote) return endOfString(this.#bytes, at);
      if (byte !== Byte.openBrace && byte !== Byte.openBracket) return this.#scalar(at);
      // The closing byte of either kind stands two behind the opening one in ASCII.
      const closer = byte + 2;
      if (!this.#open(at, closer)) return ~at;
      this.#plans.push(typeof plan === "string" ? undefined : plan);
      at = skipSpace(this.#bytes, at + 1);
      if (this.#bytes[at] === closer) return at;
      if (closer === Byte.closeBrace) at = this.#key(at);
      else this.#planElement();
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
    if (this.#closers.length === this.#cutDepth) this.#endCut(start);
    while (this.#closers.length > 0) {
      const closer = this.#closers[this.#closers.length - 1] as number;
      const byte = this.#bytes[at];
      if (byte === Byte.comma) {
        at = skipSpace(this.#bytes, at + 1);
        if (closer === Byte.closeBrace) return this.#key(at);
        this.#planElement();
        return at < this.#bytes.length ? at : ~at;
      }
      if (byte !== closer) return ~at;
      this.#close(closer);
      if (this.#closers.length === this.#cutDepth) this.#endCut(at + 1);
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
    const holder = this.#plans[this.#plans.length - 1];
    if (holder !== undefined) this.#plan = memberPlan(holder, this.#bytes, start, end);
    const value = skipSpace(this.#bytes, colon + 1);
    return value < this.#bytes.length ? value : ~value;
  }

  #open(at: number, closer: number): boolean {
    const depth = this.#closers.push(closer);
    if (depth > this.depth) this.depth = depth;
    if (depth > this.#limits.depthMax) {
      this.#stop(at, "too_deep", `nested more than ${this.#limits.depthMax} deep`);
      return false;
    }
    if (closer === Byte.closeBrace) this.#keys.open();
    return true;
  }

  #close(closer: number): void {
    this.#closers.pop();
    this.#plans.pop();
    if (closer === Byte.closeBrace) this.#keys.close();
  }

  #planElement(): void {
    const holder = this.#plans[this.#plans.length - 1];
    if (holder !== undefined && "each" in holder) this.#plan = holder.each;
  }

  #beginCut(label: string, start: number): void {
    this.#cut = { label, start };
    this.#cutDepth = this.#closers.length;
  }

  #endCut(end: number): void {
    this.spans.push({ ...this.#cut, end });
    this.#cutDepth = -1;
  }

  #stop(offset: number, reason: JsonProblem["reason"], message: string): number {
    this.#problem = problemAt(this.#bytes, { reason, offset, message });
    return ~offset;
  }
}
