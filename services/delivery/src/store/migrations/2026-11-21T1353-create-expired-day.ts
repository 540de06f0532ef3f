import { type Kysely, sql } from "kysely";

/** Notes the days whose events have lost their bodies. A new table only: no lock is waited for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table delivery.expired_day (
        day date not null,
        expired_at timestamptz not null default now(),
        constraint expired_day_pkey primary key (day)
      )`,
    )
    .execute(db);
}
