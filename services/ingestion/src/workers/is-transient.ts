import { AppError, wire } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";

/** Tells whether an error will pass by itself: Postgres, the log or subscription are down. */
export function isTransient(error: unknown): boolean {
  return error instanceof AppError ? wire[error.reason].retry : isUnavailable(error);
}
