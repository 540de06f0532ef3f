import { type Kysely, sql } from "kysely";

/**
 * Adds what the next owner of a partition has to know of a webhook: its breaker, what its rate
 * limit still has to pay off, how many POSTs it bears at once, and up to when its deliveries were
 * canceled. Constant defaults rewrite nothing: the lock on `delivery.lane` is held for a moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table delivery.lane
    alter column blocked_until set default '-infinity',
    add column breaker_state text not null default 'CLOSED'
      constraint lane_breaker_state_check check (breaker_state in ('CLOSED', 'OPEN', 'HALF_OPEN')),
    add column breaker_reason text not null default '',
    add column breaker_until timestamptz,
    add column breaker_open_count integer not null default 0,
    add column rate_free_at timestamptz,
    add column concurrency integer,
    add column canceled_before timestamptz`,
];
