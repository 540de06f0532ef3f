import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";

/**
 * Runs something against the database outside of a handler, whose errors the server's interceptors
 * see. Throws `unavailable` when the database is away for a while.
 */
export async function whileAvailable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new AppError("unavailable", "the database is away", {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
}
