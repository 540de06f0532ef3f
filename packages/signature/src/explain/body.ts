import type { VerifyOptions } from "../verify.ts";
import type { Guess, SignatureFault } from "./fault.ts";

const advice = "verify the bytes as they came, before anything parses, decodes or prints them";
const printed = "the body was parsed and written anew, which changed its bytes";
const indented = "the body is indented: it was parsed and written anew, which changed its bytes";
const tokens = /"(?:[^"\\]|\\.)*"|\s+|[^"\s]+|"/gs;

/** The body as it may have been before it was printed, edited, or decoded and encoded. */
export function bodyGuesses(options: VerifyOptions): readonly Guess[] {
  const text = Buffer.from(options.body).toString();
  return [
    changed("the body has white space around it that was not sent", text.trim()),
    changed("the body's line breaks were turned into CR LF", text.replaceAll("\r\n", "\n")),
    changed("the body was read as Latin-1, and written as UTF-8", Buffer.from(text, "latin1")),
    rewritten(compact(text)),
    rewritten(unescaped(text)),
    rewritten(unescaped(compact(text))),
  ].map(({ body, ...fault }) => ({
    faults: [fault],
    options: { ...options, body: Buffer.from(body) },
  }));
}

/** What a body says of itself when no guess was right; undefined = nothing. */
export function bodyFault(options: VerifyOptions, problem: string): SignatureFault | undefined {
  const text = Buffer.from(options.body).toString();
  if (text === "") return fault("body_changed", "the body is empty");
  if (/^\s*[[{]\s*\n/.test(text)) return fault("body_reserialized", indented);
  if (!isJson(text)) return fault("body_changed", "the body is not JSON: it was cut off or edited");
  if (text.includes("\ufffd")) {
    return fault("body_changed", "the body holds U+FFFD, which stands for bytes that were lost");
  }
  if (!problem.startsWith("content-digest")) return undefined;
  return fault("body_changed", "the body is not the one whose digest content-digest holds");
}

function fault(reason: SignatureFault["reason"], problem: string): SignatureFault {
  return { reason, problem, advice };
}

function changed(problem: string, body: string | Buffer) {
  return { ...fault("body_changed", problem), body: Buffer.from(body) };
}

function rewritten(body: string) {
  return { ...fault("body_reserialized", printed), body: Buffer.from(body) };
}

/** Takes the white space out that stands between tokens. */
function compact(json: string): string {
  return json.replace(tokens, (token) => token.trim());
}

/** Writes strings without escapes that they do not need, such as `\u00e9` and `\/`. */
function unescaped(json: string): string {
  return json.replace(tokens, (token) => {
    if (!token.startsWith('"') || !isJson(token)) return token;
    return JSON.stringify(JSON.parse(token));
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
