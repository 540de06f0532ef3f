import { type Kysely, sql } from "kysely";

/**
 * Adds the pattern by which a webhook matched. A constant default rewrites nothing: the lock on
 * `delivery.delivery` is held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table delivery.delivery add column matched_by text not null default ''`.execute(
    db,
  );
}
