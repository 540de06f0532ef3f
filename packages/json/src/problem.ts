import { Byte } from "./bytes.ts";
import { jsonPath } from "./json-path.ts";
import { codeUnit } from "./tokens.ts";

/** Why a text is refused, for programs. */
export type JsonProblemReason =
  | "invalid_json"
  | "invalid_unicode"
  | "duplicate_key"
  | "too_deep"
  | "too_many_keys";

/** The first thing that is wrong with a text. */
export interface JsonProblem {
  readonly reason: JsonProblemReason;
  /** The byte at which it shows; the text's length when the text ends too early. */
  readonly offset: number;
  /** The place in the document, such as `items[3].name`; empty for the document itself. */
  readonly path: string;
  /** A lower-case sentence without a final stop; holds no values of the document. */
  readonly message: string;
}

/** Gives the problem of a reason at an offset of a text that is sound up to there. */
export function problemAt(
  bytes: Uint8Array,
  { reason, offset, message }: Omit<JsonProblem, "path">,
): JsonProblem {
  return { reason, offset, path: jsonPath(bytes, offset), message };
}

/** Says what is wrong with the syntax at an offset, which is within a string or between tokens. */
export function syntaxProblem(bytes: Uint8Array, offset: number): JsonProblem {
  if (isSurrogateEscape(bytes, offset)) {
    const message = `lone surrogate at byte ${offset}`;
    return problemAt(bytes, { reason: "invalid_unicode", offset, message });
  }
  const message = offset >= bytes.length ? "the text ends too early" : `not JSON at byte ${offset}`;
  return problemAt(bytes, { reason: "invalid_json", offset, message });
}

function isSurrogateEscape(bytes: Uint8Array, offset: number): boolean {
  if (bytes[offset] !== Byte.backslash) return false;
  const unit = codeUnit(bytes, offset);
  return unit >= 0xd800 && unit <= 0xdfff;
}
