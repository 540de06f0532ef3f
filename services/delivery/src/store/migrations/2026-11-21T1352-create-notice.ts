import { type Kysely, sql } from "kysely";

/**
 * Makes the table of what others are to be told, and takes over what waits in `outbox`. A new
 * table only, so no lock that anyone waits for. `outbox` stays for processes of the release before
 * this one, which read it themselves; both acting on a row does no harm.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A queue: rows come with results and go when they have been acted on. The primary key serves
  // listNotices, which reads by partition and in order.
  `create table delivery.notice (
    partition integer not null,
    id bigint generated always as identity,
    kind text not null,
    workspace_id uuid not null,
    webhook_id uuid not null,
    webhook_version bigint not null default 0,
    reason text not null default '',
    failures integer not null default 0,
    failing_since timestamptz,
    delivery_id uuid,
    event_id uuid,
    event_type text not null default '',
    attempt_count integer not null default 0,
    status_code integer not null default 0,
    created_at timestamptz not null default now(),
    parked_at timestamptz,
    error text not null default '',
    constraint notice_pkey primary key (partition, id),
    constraint notice_kind_check
      check (kind in ('DISABLE', 'FAILING', 'RECOVERED', 'EXHAUSTED', 'SUCCEEDED'))
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `insert into delivery.notice (partition, kind, workspace_id, webhook_id, webhook_version, reason,
    created_at)
  select d.partition, 'DISABLE', o.workspace_id, o.webhook_id, o.webhook_version, o.reason,
    o.created_at
  from delivery.outbox o
  cross join lateral (
    select partition from delivery.delivery where webhook_id = o.webhook_id limit 1) d`,
];
