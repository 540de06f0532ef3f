import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";

/** Tells whether an error says that Postgres, the log or subscription is away for a while. */
export function isPassing(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof AppError && error.reason === "unavailable");
}
