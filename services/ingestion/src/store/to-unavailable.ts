import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";

/** Gives `unavailable`, with a message for callers, for an error that says that Postgres is away; any other as it is. */
export function toUnavailable(error: unknown, message: string): unknown {
  if (!isUnavailable(error)) return error;
  return new AppError("unavailable", message, { cause: error, retryAfterMs: 1_000 });
}
