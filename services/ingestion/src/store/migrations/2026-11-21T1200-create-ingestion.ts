import { type Kysely, sql } from "kysely";

/** Makes the tables of ingestion. New tables only, so no lock that anyone waits for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table ingestion.idempotency_key (
    workspace_id uuid not null,
    key text not null check (length(key) between 1 and 1024),
    event_id uuid not null,
    body_sha256 bytea not null check (length(body_sha256) = 32),
    created_at timestamptz not null,
    constraint idempotency_key_pkey primary key (workspace_id, key)
  )`,
  // Serves deleteExpiredKeys.
  "create index idempotency_key_created_at on ingestion.idempotency_key (created_at)",
  `create table ingestion.consumer_offset (
    topic text not null,
    partition integer not null,
    log_id text not null,
    next_offset bigint not null,
    updated_at timestamptz not null default now(),
    constraint consumer_offset_pkey primary key (topic, partition)
  ) with (fillfactor = 20)`,
  `create table ingestion.dead_letter (
    id uuid not null,
    provider text not null,
    log_id text not null,
    topic text not null,
    partition integer not null,
    log_offset bigint not null,
    reason text not null,
    message text not null,
    value_head bytea not null,
    value_size integer not null,
    created_at timestamptz not null,
    constraint dead_letter_pkey primary key (id),
    constraint dead_letter_record_key unique (log_id, topic, partition, log_offset)
  )`,
  // Serves listDeadLetters: ids are UUIDv7, so they rise with time.
  "create index dead_letter_provider_id on ingestion.dead_letter (provider, id)",
  // Serves deleteOldDeadLetters.
  "create index dead_letter_created_at on ingestion.dead_letter (created_at)",
];
