import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";

/** What is to be migrated. */
export interface MigrateOptions {
  // Kysely is invariant in its database, and a migration works on any.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly db: Kysely<any>;
  /** The service's own schema; made if missing. The tables that note what ran live in it. */
  readonly schema: string;
  /** By name, `YYYY-MM-DDTHHmm-verb-noun`; they run in the order of their names. */
  readonly migrations: Readonly<Record<string, Migration>>;
}

/** Waiting for another process that migrates the same schema. */
const turnTimeout = "10min";
/** A migration that cannot have its lock soon fails, rather than let every query queue behind it. */
const lockTimeout = "5s";

/**
 * Runs the migrations that have not run, all or none of them, and notes them. Safe when several
 * processes do it at once: one runs, the others wait and find nothing to do. Throws when one fails
 * (naming it), or when the database has run a migration that is not in the list.
 */
export async function migrate({ db, schema, migrations }: MigrateOptions): Promise<void> {
  await db.connection().execute(async (connection) => {
    // An advisory lock of our own: Kysely's is let go of early for migrations without transaction.
    const key = sql`hashtextextended(${`posthorn migrate ${schema}`}, 0)`;
    await sql`select set_config('lock_timeout', ${turnTimeout}, false)`.execute(connection);
    await sql`select pg_advisory_lock(${key})`.execute(connection);
    try {
      await sql`select set_config('lock_timeout', ${lockTimeout}, false)`.execute(connection);
      await runMigrations({ db: connection, schema, migrations });
    } finally {
      await sql`select pg_advisory_unlock(${key})`.execute(connection);
      await sql`reset lock_timeout`.execute(connection);
    }
  });
}

async function runMigrations({ db, schema, migrations }: MigrateOptions): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableSchema: schema,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find((result) => result.status === "Error")?.migrationName;
  throw new Error(`migrate schema ${schema}${failed === undefined ? "" : `: ${failed}`}`, {
    cause: error,
  });
}
