import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { isUnavailable } from "../pg-error.ts";

const pollMs = 10;

/** Where and as whom to connect; without a database. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/**
 * Waits until the server takes connections, which may come after a recovery, and makes the
 * database of this name if there is none. Throws the last refusal at the deadline.
 */
export async function openDatabase(
  login: Login,
  options: { database: string; timeoutMs: number; stop: AbortSignal },
): Promise<void> {
  const deadlineMs = performance.now() + options.timeoutMs;
  while (!options.stop.aborted) {
    try {
      return await ensureDatabase(login, options.database);
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > deadlineMs) throw error;
    }
    await sleep(pollMs);
  }
}

async function ensureDatabase(login: Login, database: string): Promise<void> {
  const client = new pg.Client({ ...login, database: "postgres", connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // Told by the query, too.
  try {
    await client.connect();
    const found = await client.query("select from pg_database where datname = $1", [database]);
    if (found.rowCount === 0) await client.query(`create database "${database}"`);
  } finally {
    await client.end().catch(() => {}); // Nothing is left to lose on it.
  }
}
