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
  // One for each client: Kysely keeps what it makes for a client that it has not seen before.
  const named = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect();
      const known = named.get(client);
      if (known) return known;
      const made = withNames(client);
      named.set(client, made);
      return made;
    },
    end: () => pool.end(),
  };
}

function withNames(client: pg.PoolClient): PostgresPoolClient {
  // By callback: each promise that pg makes itself keeps its statement, with text and values, until
  // a major collection, which made the minor ones take 10 ms.
  const query = (text: string, values?: unknown[]) =>
    new Promise<pg.QueryResult>((resolve, reject) => {
      const name = namedForm.exec(text)?.[1];
      const config = { text, values: values ?? [], ...(name !== undefined && { name }) };
      void client.query(config, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  const named = { query, release: (isBroken?: boolean) => client.release(isBroken) };
  // Kysely asks for a cursor only where its dialect was given one, so `query` has this form alone.
  return named as unknown as PostgresPoolClient;
}
