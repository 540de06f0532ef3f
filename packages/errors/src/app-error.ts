import type { Reason } from "./wire.ts";

/** What is wrong with one field of a request. */
export interface FieldProblem {
  /** The JSON path in lowerCamelCase: `event.data`, `events[3].type`. */
  readonly field: string;
  /** A lower-case sentence without a final stop; never holds a secret. */
  readonly description: string;
  /** For programs, such as `duplicate_key`. Absent where the description says it all. */
  readonly reason?: string;
}

/** What an AppError may carry beside reason and message. */
export interface AppErrorOptions {
  /** The fields that are wrong; goes with `invalid`. */
  readonly fields?: readonly FieldProblem[];
  /** When to try again, in milliseconds from now; goes with `limited` and `unavailable`. */
  readonly retryAfterMs?: number;
  /** What led to it: logged, never told to the caller. */
  readonly cause?: unknown;
}

/**
 * A refusal that the caller may read. The message is a lower-case sentence without a final stop
 * that names the field or id and holds no secret, URL credential or SQL.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  /** What the caller's program branches on. */
  readonly reason: Reason;
  /** Empty unless single fields are to blame. */
  readonly fields: readonly FieldProblem[];
  /** Milliseconds from now; undefined when there is no telling. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.fields = options.fields ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Gives the `invalid` error of one bad field; `field` is its JSON path in lowerCamelCase. */
export function invalid(field: string, description: string, reason?: string): AppError {
  const problem = reason === undefined ? { field, description } : { field, description, reason };
  return new AppError("invalid", `${field}: ${description}`, { fields: [problem] });
}
