import { type Kysely, sql } from "kysely";

/**
 * Makes the schema `delivery`. New tables only, so no lock that anyone waits for.
 *
 * Event, delivery and attempt lie in partitions by the day of the event's id: uniqueness holds
 * inside one partition, and what is old is dropped by the day. No state that changes is indexed,
 * so updates of a delivery stay on its page (fillfactor in days.ts); what waits for its time
 * lies in the narrow table `schedule`. Keys end with the day: inside a partition all days are the
 * same, and a key that began with it would look as good as any to a planner without statistics.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table delivery.log (
    topic text not null,
    log_id text not null,
    partition_count integer not null,
    constraint log_pkey primary key (topic)
  )`,
  `create table delivery.partition (
    id integer not null,
    owner text,
    epoch bigint not null default 0,
    lease_until timestamptz not null default '-infinity',
    constraint partition_pkey primary key (id)
  ) with (fillfactor = 20)`,
  // Apart from the lease, so that fan-out and results of one partition never wait for each other.
  `create table delivery.progress (
    partition integer not null,
    next_offset bigint not null default 0,
    constraint progress_pkey primary key (partition)
  ) with (fillfactor = 20)`,
  `create table delivery.event (
    day date not null,
    id uuid not null,
    workspace_id uuid not null,
    partition integer not null,
    provider text not null,
    type text not null,
    data bytea not null,
    event_time text not null,
    accepted_at timestamptz not null,
    ordering_key text not null,
    traceparent text not null,
    skipped text not null,
    is_test boolean not null default false,
    constraint event_pkey primary key (id, day)
  ) partition by range (day)`,
  // Serves listEvents.
  "create index event_workspace_id_accepted_at on delivery.event (workspace_id, accepted_at, id)",
  `create table delivery.delivery (
    day date not null,
    id uuid not null,
    workspace_id uuid not null,
    partition integer not null,
    webhook_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    trigger text not null check (trigger in ('EVENT', 'RESEND', 'REPLAY', 'TEST')),
    trigger_id uuid not null,
    state text not null check (state in ('PENDING', 'SUCCEEDED', 'EXHAUSTED', 'CANCELED')),
    state_reason text not null default '',
    attempt_count integer not null default 0,
    failure_count integer not null default 0,
    last_status_code integer not null default 0,
    next_attempt_at timestamptz,
    created_at timestamptz not null,
    constraint delivery_pkey primary key (id, day),
    constraint delivery_trigger_key unique (event_id, webhook_id, trigger_id, day)
  ) partition by range (day)`,
  // Serves listDeliveries of a workspace.
  "create index delivery_workspace_id_created_at on delivery.delivery (workspace_id, created_at, id)",
  // Serves listDeliveries of a webhook.
  "create index delivery_webhook_id_created_at on delivery.delivery (webhook_id, created_at, id)",
  `create table delivery.attempt (
    day date not null,
    id uuid not null,
    workspace_id uuid not null,
    delivery_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    webhook_id uuid not null,
    number integer not null,
    started_at timestamptz not null,
    duration_us integer not null,
    outcome text not null,
    status_code integer not null,
    url text not null,
    request_headers text not null,
    response_headers text not null,
    response_body bytea not null,
    response_truncated boolean not null,
    remote_address text not null,
    timings text not null,
    error text not null,
    constraint attempt_pkey primary key (delivery_id, number, day)
  ) partition by range (day)`,
  `create table delivery.schedule (
    partition integer not null,
    webhook_id uuid not null,
    due_at timestamptz not null,
    delivery_id uuid not null,
    day date not null,
    event_id uuid not null,
    workspace_id uuid not null,
    attempt_count integer not null,
    constraint schedule_pkey primary key (partition, webhook_id, due_at, delivery_id)
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  // Serves cancel and results, which know the delivery but not when it is due.
  "create unique index schedule_delivery_id on delivery.schedule (delivery_id)",
  `create table delivery.lane (
    partition integer not null,
    webhook_id uuid not null,
    blocked_until timestamptz not null,
    constraint lane_pkey primary key (partition, webhook_id)
  )`,
  `create table delivery.outbox (
    id bigint generated always as identity,
    workspace_id uuid not null,
    webhook_id uuid not null,
    webhook_version bigint not null,
    reason text not null,
    created_at timestamptz not null default now(),
    constraint outbox_pkey primary key (id)
  )`,
  `create table delivery.parked_record (
    partition integer not null,
    log_offset bigint not null,
    value bytea not null,
    error text not null,
    created_at timestamptz not null default now(),
    constraint parked_record_pkey primary key (partition, log_offset)
  )`,
];
