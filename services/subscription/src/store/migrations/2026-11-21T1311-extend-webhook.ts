import { type Kysely, sql } from "kysely";

/**
 * Gives webhooks a filter, a rate, an order, what a pause does, and the moment before which open
 * deliveries are canceled. Old rows and old code have what the defaults say. An exclusive lock on
 * `webhook` while the checks read it: under a second for a million webhooks.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table subscription.webhook
      add column filter text not null default '',
      add column when_paused text not null default 'SKIP'
        constraint webhook_when_paused_check check (when_paused in ('SKIP', 'HOLD')),
      add column rate_limit_per_second double precision
        constraint webhook_rate_limit_per_second_check
        check (rate_limit_per_second between 0.01 and 10000),
      add column ordered boolean not null default false,
      add column cancel_before timestamptz,
      drop constraint webhook_disabled_reason_check,
      add constraint webhook_disabled_reason_check
        check (disabled_reason in ('GONE', 'FAILING'))`.execute(db);
}
