import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { withNamedStatements } from "./named-statements.ts";

/** How a process talks to its database. */
export interface OpenPostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Connections held at most; further queries wait for a free one. */
  readonly connectionCountMax: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** The schemas that unqualified names are looked up in: `delivery`. Default: the server's. */
  readonly searchPath?: string;
  /** Settings of each connection: `{ enable_seqscan: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** An open database: a query builder and the pool under it. */
export interface Postgres<DB> {
  readonly db: Kysely<DB>;
  readonly pool: pg.Pool;
  /** Waits for the queries under way and closes every connection. May be called twice. */
  close(): Promise<void>;
}

/** A server that does not even take the connection within this time counts as unavailable. */
const connectTimeoutMs = 5_000;
/** A connection keeps the plans of its named statements, and some are made anew each day. */
const connectionLifeS = 3_600;

/**
 * Opens a pool of connections; none is made before the first query, so this never fails. Types
 * come as node-postgres gives them: `bigint` as string, `timestamptz` as Date, `bytea` as Buffer.
 * SQL that begins with a comment such as `/*results*` + `/` is prepared under that name.
 */
export function openPostgres<DB>(options: OpenPostgresOptions): Postgres<DB> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionCountMax,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    maxLifetimeSeconds: connectionLifeS,
    keepAlive: true,
    options: connectionOptions(options),
  });
  // An idle connection broke: the pool has dropped it, and the next query opens another or tells.
  pool.on("error", () => {});
  // One in use broke: its query tells. Unheard, the event would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool: withNamedStatements(pool) }) });
  let closing: Promise<void> | undefined;
  return {
    db,
    pool,
    close() {
      closing ??= closePool(db, pool);
      return closing;
    },
  };
}

function connectionOptions({ searchPath, settings }: OpenPostgresOptions): string {
  const all = { ...(searchPath !== undefined && { search_path: searchPath }), ...settings };
  return Object.entries(all)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "")}`)
    .join(" ");
}

/** Kysely ends the pool only if it has ever used it. */
async function closePool<DB>(db: Kysely<DB>, pool: pg.Pool): Promise<void> {
  await db.destroy();
  if (!pool.ending) await pool.end();
}
