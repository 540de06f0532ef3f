import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";

/**
 * Runs while no other process runs anything under that name, and gives what it gave; undefined,
 * without running, when one does. Holds a connection meanwhile.
 */
export async function asLeader<T>(
  db: Kysely<Database>,
  name: string,
  run: () => Promise<T>,
): Promise<T | undefined> {
  const key = sql`hashtextextended(${name}, 0)`;
  return db.connection().execute(async (connection) => {
    const { rows } = await sql<{ got: boolean }>`
      select pg_try_advisory_lock(${key}) as got`.execute(connection);
    if (!rows[0]?.got) return undefined;
    try {
      return await run();
    } finally {
      await sql`select pg_advisory_unlock(${key})`.execute(connection);
    }
  });
}
