import type { Kysely, Transaction } from "kysely";
import pg from "pg";

/** serialization_failure and deadlock_detected: Postgres asks for the whole transaction again. */
const retryStates = new Set(["40001", "40P01"]);
const runsMax = 4;

/**
 * Runs `run` in one transaction: commits when it returns, rolls back when it throws, and gives
 * what it gave. After a deadlock or serialization failure it runs again, at most three times, so
 * `run` must change nothing but the database.
 */
export async function transaction<DB, T>(
  db: Kysely<DB>,
  run: (tx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  for (let runCount = 1; ; runCount++) {
    try {
      return await db.transaction().execute(run);
    } catch (error) {
      if (runCount === runsMax || !wantsRetry(error)) throw error;
    }
  }
}

function wantsRetry(error: unknown): boolean {
  return error instanceof pg.DatabaseError && retryStates.has(error.code ?? "");
}
