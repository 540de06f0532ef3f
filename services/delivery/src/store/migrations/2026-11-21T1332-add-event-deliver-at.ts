import { type Kysely, sql } from "kysely";

/**
 * Adds the time at which an event is to be sent. Without a default nothing is rewritten: the lock
 * on `delivery.event` is held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table delivery.event add column deliver_at timestamptz`.execute(db);
}
