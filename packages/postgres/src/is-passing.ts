import { AppError, wire } from "@posthorn/errors";
import { isUnavailable } from "./pg-error.ts";

/**
 * Tells whether an error will pass by itself: Postgres, the log or another service of ours is away
 * or has too much to do. What is refused for another reason, and a defect, stays.
 */
export function isPassing(error: unknown): boolean {
  return error instanceof AppError ? wire[error.reason].retry : isUnavailable(error);
}
