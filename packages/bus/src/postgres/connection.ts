import { AppError } from "@posthorn/errors";
import type { Logger } from "@posthorn/runtime";
import pg from "pg";
import { isTransient } from "../transient.ts";

const connectTimeoutMs = 5_000;
const queryTimeoutMs = 10_000;
/** Bounds the prepared statements of dropped segments that a connection carries along. */
const lifetimeS = 3_600;

/** Opens a pool whose connections stay open; broken ones are logged and replaced. */
export function openPool(options: {
  url: string;
  log: Logger;
  name: string;
  connectionCountMax: number;
  /** Loses its latest commits in a crash: for what may be lost. */
  unsafeCommit?: boolean;
}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionCountMax,
    application_name: `posthorn bus ${options.name}`,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    statement_timeout: queryTimeoutMs,
    idleTimeoutMillis: 0,
    maxLifetimeSeconds: lifetimeS,
    keepAlive: true,
    ...(options.unsafeCommit ? { options: "-c synchronous_commit=off" } : {}),
  });
  // A connection that is being closed may hear of the server's end first. And not the error itself:
  // the driver hangs the whole client on it.
  pool.on("error", ({ message }) => {
    if (!pool.ending) options.log.warn({ problem: message }, "bus lost a connection to Postgres");
  });
  return pool;
}

/** Rows as arrays of text, so that process-wide type parsers matter nothing. */
export const rawTypes = { getTypeParser: () => (text: unknown) => text };

/** Runs in one transaction; rolls back and throws when `run` throws. */
export async function inTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  // A lost connection fails the statement too; without a listener it would also end the process,
  // as the pool listens only while it holds the client.
  const ignore = () => {};
  client.on("error", ignore);
  const release = (isBroken: boolean) => {
    client.release(isBroken);
    client.off("error", ignore);
  };
  try {
    await client.query("begin");
    const result = await run(client);
    await client.query("commit");
    release(false);
    return result;
  } catch (error) {
    await client.query("rollback").then(
      () => release(false),
      () => release(true),
    );
    throw error;
  }
}

/** Turns what says that Postgres was away or busy into `unavailable`; gives anything else back. */
export function toUnavailable(error: unknown, message: string): unknown {
  if (error instanceof AppError || !isTransient(error)) return error;
  return new AppError("unavailable", message, { cause: error });
}
