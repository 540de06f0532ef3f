import { type Kysely, sql } from "kysely";

/**
 * Adds the connection that an event comes from, what it changed, and whether the connection's
 * first sync withholds it; deliveries have the connection, too, to be found by it. Null stands for
 * none. Nothing is rewritten: the locks on both tables are held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table delivery.event
    add column connection_id uuid,
    add column integration_name text,
    add column previous_attributes bytea,
    add column in_first_sync boolean not null default false`.execute(db);
  await sql`alter table delivery.delivery add column connection_id uuid`.execute(db);
}
