import { type Kysely, sql } from "kysely";

/** Makes the tables of replays. New tables only, so no lock that anyone waits for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table delivery.replay (
    id uuid not null,
    workspace_id uuid not null,
    partition integer not null,
    webhook_id uuid,
    to_webhook_id uuid,
    filter text not null check (filter in ('FAILED', 'MISSING', 'ALL', 'DELIVERIES')),
    selection text not null,
    after_at timestamptz not null,
    before_at timestamptz not null,
    per_second double precision not null,
    log_end bigint not null,
    state text not null check (state in ('RUNNING', 'PAUSED', 'COMPLETED', 'CANCELED')),
    state_reason text not null default '',
    is_settled boolean not null default false,
    cursor_at timestamptz not null,
    cursor_id uuid not null,
    is_scanned boolean not null default false,
    next_at timestamptz not null default now(),
    matched_count integer not null default 0,
    created_count integer not null default 0,
    succeeded_count integer not null default 0,
    failed_count integer not null default 0,
    canceled_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint replay_pkey primary key (id)
  ) with (fillfactor = 50)`,
  // Serves listReplays.
  "create index replay_workspace_id_created_at on delivery.replay (workspace_id, created_at, id)",
  // Serves listUnsettled, and the count that insertReplay keeps small.
  "create index replay_unsettled on delivery.replay (partition, workspace_id) where not is_settled",
  // Serves deleteOldReplays.
  "create index replay_ended_at on delivery.replay (ended_at)",
  // A replay's deliveries that are not known to have ended, by when they are to be looked at.
  `create table delivery.replay_delivery (
    replay_id uuid not null,
    check_at timestamptz not null,
    delivery_id uuid not null,
    day date not null,
    constraint replay_delivery_pkey primary key (replay_id, check_at, delivery_id)
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
];
