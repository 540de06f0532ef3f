import { PosthornError } from "@posthorn/client";
import { CommanderError } from "commander";
import { type ExitCode, exitCodes, Failure } from "./failure.ts";

/** What a failed command is told by. */
export interface Told {
  readonly exitCode: ExitCode;
  /** Whole sentences, in one line. */
  readonly message: string;
  /** For programs. */
  readonly reason: string;
}

/** Gives the line to tell a failure by; undefined for a defect, whose stack is wanted. */
export function toldBy(error: unknown, server: string): Told | undefined {
  if (error instanceof Failure) {
    const message = capital(sentence(error.message));
    return { exitCode: error.exitCode, message, reason: error.reason };
  }
  if (error instanceof CommanderError) {
    const text = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
    const message = capital(sentence(text));
    return { exitCode: exitCodes.usage, message, reason: "usage" };
  }
  if (error instanceof PosthornError) return toldByPosthorn(error, server);
  return undefined;
}

function toldByPosthorn(error: PosthornError, server: string): Told {
  const { reason } = error;
  return { exitCode: exitCodeOf(error), message: wordsOf(error, server), reason };
}

/** Gives the exit code of a refusal. */
export function exitCodeOf({ reason }: PosthornError): ExitCode {
  switch (reason) {
    case "unauthenticated":
    case "forbidden":
      return exitCodes.key;
    case "not_found":
      return exitCodes.notFound;
    case "limited":
    case "unavailable":
    case "deadline":
    case "unreachable":
    case "not_posthorn":
      return exitCodes.unavailable;
    case "canceled":
      return exitCodes.interrupted;
    case "invalid":
    case "exists":
    case "conflict":
    case "precondition":
    case "too_large":
    case "internal":
      return exitCodes.refused;
  }
}

/** Gives what was refused and what to do, in one line. */
export function wordsOf(error: PosthornError, server: string): string {
  const words = sentence(problemOf(error));
  switch (error.reason) {
    case "unreachable":
      return `${server} cannot be reached: ${sentence(error.message)} Does Posthorn run there? See --server, or posthorn login.`;
    case "not_posthorn":
      return `${server} is no Posthorn, or an older one: ${sentence(error.message)} See --server, or posthorn login.`;
    case "deadline":
    case "unavailable":
      return `${server} cannot answer now: ${words} Try again in a moment.`;
    case "limited":
      return `${words} Try again${inSeconds(error.retryAfterMs)}.`;
    case "unauthenticated":
      return `${words} Give another: posthorn login, or POSTHORN_API_KEY.`;
    case "forbidden":
      return `${words} posthorn whoami tells what this key may do.`;
    case "internal":
      return `${server} has failed by a defect of its own: ${words}`;
    case "canceled":
      return "Stopped.";
    case "conflict":
      return `${words} Look at it again, then try again.`;
    case "invalid":
    case "exists":
    case "precondition":
    case "too_large":
    case "not_found":
      return words;
  }
}

/** Names every field that is wrong, in the order in which Posthorn does. */
export function problemOf({ message, fields }: PosthornError): string {
  if (fields.length < 2) return message;
  return fields.map(({ field, description }) => `${field}: ${description}`).join("; ");
}

function inSeconds(retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined ? " later" : ` in ${Math.ceil(retryAfterMs / 1_000)} s`;
}

/** Begins a sentence as one, unless it begins with a name: of a file, a field, an option. */
function capital(text: string): string {
  return /^[a-z]+[ ?]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** Ends a text with a stop, unless it ends with a mark of its own. */
function sentence(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, " ").trim();
  return /[.?!:)]$/.test(line) ? line : `${line}.`;
}
