import { errors } from "undici";
import { ExchangeError, type FailureCode } from "./outcome.ts";

const messageCharsMax = 300;
const shownBytesMax = 40;

/** How far an exchange had come. */
export type Stage = "before_answer" | "in_head" | "in_body";

/** A failure in words. */
export interface Failure {
  readonly code: FailureCode;
  /** One line without control characters, at most 300 characters. */
  readonly message: string;
}

const where: Readonly<Record<Stage, string>> = {
  before_answer: "before a byte of the answer",
  in_head: "in the middle of the answer's head",
  in_body: "in the middle of the answer's body",
};

/**
 * Names what a receiver or the network did. Undefined = it was not them: the request itself was
 * malformed or the sender is closed, which is a defect of the caller.
 */
export function failureOf(error: Error, stage: Stage): Failure | undefined {
  if (isDefect(error)) return undefined;
  const code = codeOf(error, stage);
  return { code, message: oneLine(messageOf(code, error, stage)) };
}

/** Turns any text into one line that can be stored and shown. */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .slice(0, messageCharsMax)
    .trim();
}

function isDefect(error: Error): boolean {
  return (
    error instanceof errors.InvalidArgumentError ||
    error instanceof errors.NotSupportedError ||
    error instanceof errors.ClientClosedError ||
    error instanceof errors.ClientDestroyedError
  );
}

function codeOf(error: Error, stage: Stage): FailureCode {
  if (error instanceof ExchangeError) return error.failure;
  if (error instanceof errors.HeadersOverflowError) return "head_too_large";
  if (error instanceof errors.HTTPParserError) return stage === "in_body" ? "bad_body" : "not_http";
  if (error instanceof errors.ResponseContentLengthMismatchError) {
    // undici gives it for any fault behind a length, such as a second length in the head.
    return stage === "in_body" ? "closed_in_body" : "not_http";
  }
  if (error instanceof errors.SocketError) {
    return error.message.startsWith("bad ") ? "unexpected_answer" : `closed_${stage}`;
  }
  const code = "code" in error ? String(error.code) : "";
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "tls_failed";
  return `reset_${stage}`;
}

function messageOf(code: FailureCode, error: Error, stage: Stage): string {
  if (error instanceof ExchangeError) return error.message;
  switch (code) {
    case "head_too_large":
      return "the answer's head is larger than 16 KiB";
    case "unexpected_answer":
      return "the answer is neither a final nor an informational one that we asked for";
    case "not_http":
      return `the answer is not HTTP/1.1${shown(error)}`;
    case "bad_body":
      return `the answer's body breaks HTTP/1.1: ${error.message}`;
    case "tls_failed":
      return `TLS failed: ${error.message}`;
    case "closed_before_answer":
    case "closed_in_head":
    case "closed_in_body":
      return `the receiver closed the connection ${where[stage]}`;
    default:
      return `the connection broke ${where[stage]}: ${error.message}`;
  }
}

function shown(error: Error): string {
  const data = "data" in error && typeof error.data === "string" ? error.data : "";
  return data === "" ? "" : `: "${data.slice(0, shownBytesMax)}"`;
}
