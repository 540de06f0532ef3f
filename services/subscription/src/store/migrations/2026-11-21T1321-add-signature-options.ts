import { type Kysely, sql } from "kysely";

/**
 * Gives providers a place for the options of their signatures: an array beside `signatures`, each
 * element with its scheme. Old code leaves it as it is. An exclusive lock on `provider`, without
 * reading a row.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table subscription.provider
      add column signature_options jsonb not null default '[]'`.execute(db);
}
