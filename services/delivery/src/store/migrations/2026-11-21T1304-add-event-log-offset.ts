import { type Kysely, sql } from "kysely";

/**
 * Adds an event's offset in the log, by which what is replayed keeps its order. A nullable column:
 * the lock on `delivery.event` is held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table delivery.event add column log_offset bigint`.execute(db);
}
