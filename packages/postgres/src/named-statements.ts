import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";

const namedForm = /^\/\*([a-z][a-z0-9-]{0,62})\*\//;

/**
 * Gives a pool for Kysely whose connections prepare some statements once: those whose SQL begins
 * with a comment that names them, such as `/*results*` + `/ with ...`. One name must always stand
 * for the same SQL. Worth it for long statements that run often, which Postgres would else plan
 * anew each time: one that records a single attempt took 2.0 ms without and 0.7 ms with it.
 */
export function withNamedStatements(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    connect: async () => withNames(await pool.connect()),
    end: () => pool.end(),
  };
}

function withNames(client: pg.PoolClient): PostgresPoolClient {
  const query = (text: unknown, values?: readonly unknown[]) => {
    const name = typeof text === "string" ? namedForm.exec(text)?.[1] : undefined;
    if (name === undefined) return client.query(text as string, values as unknown[]);
    return client.query({ name, text: text as string, values: values as unknown[] });
  };
  const named = { query, release: (isBroken?: boolean) => client.release(isBroken) };
  // Kysely asks for a cursor only where its dialect was given one, so `query` has this form alone.
  return named as unknown as PostgresPoolClient;
}
