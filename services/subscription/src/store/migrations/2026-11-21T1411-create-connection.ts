import { type Kysely, sql } from "kysely";

/** Makes the tables of connections and of their events. New tables only: no lock waits for rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A deleted connection keeps its row, so that publishing can say what became of it.
  `create table subscription.connection (
    workspace_id uuid not null,
    id uuid not null,
    integration_name text not null,
    display_name text not null,
    metadata jsonb not null,
    sync_state text not null
      constraint connection_sync_state_check
      check (sync_state in ('FIRST_SYNC', 'SYNCING', 'SYNCED')),
    first_sync_completed_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint connection_pkey primary key (workspace_id, id),
    constraint connection_workspace_fkey foreign key (workspace_id)
      references subscription.workspace (id) on delete cascade,
    constraint connection_first_sync_check
      check ((sync_state = 'FIRST_SYNC') = (first_sync_completed_at is null))
  )`,
  // Events that are not in the log yet. A workspace that is deleted takes them along.
  `create table subscription.connection_event (
    id bigint generated always as identity,
    provider text not null,
    workspace_id uuid not null,
    connection_id uuid not null,
    kind text not null
      constraint connection_event_kind_check
      check (kind in ('CREATED', 'DELETED', 'SYNC_COMPLETED')),
    integration_name text not null,
    event_type text not null,
    data text not null,
    occurred_at timestamptz not null,
    failures integer not null default 0,
    error text not null default '',
    constraint connection_event_pkey primary key (id),
    constraint connection_event_connection_kind_key unique (workspace_id, connection_id, kind),
    constraint connection_event_workspace_fkey foreign key (workspace_id)
      references subscription.workspace (id) on delete cascade
  )`,
];
