import { type Kysely, sql } from "kysely";

/**
 * Adds the envelope that a delivery keeps, which what waits has beside it. 0 and empty, or null in
 * the schedule, stand for the default envelope, the one there was. Constant defaults rewrite
 * nothing: the locks on `delivery.delivery` and `delivery.schedule` are held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table delivery.delivery
    add column envelope_revision bigint not null default 0,
    add column payload_version text not null default ''`.execute(db);
  await sql`alter table delivery.schedule
    add column envelope_revision bigint,
    add column payload_version text`.execute(db);
}
