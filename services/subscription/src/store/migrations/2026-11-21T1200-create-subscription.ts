import { type Kysely, sql } from "kysely";

/** Makes the schema `subscription`. New tables only, so no lock that anyone waits for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // One for all providers: a provider that is deleted and made again never repeats a revision.
  "create sequence subscription.provider_revision",
  `create table subscription.provider (
    name text collate "C" not null,
    display_name text not null,
    user_agent text not null,
    key_prefix text not null,
    unknown_event_types text not null
      constraint provider_unknown_event_types_check check (unknown_event_types in ('REFUSE', 'CREATE')),
    workspaces_must_exist boolean not null,
    signatures text[] not null,
    retry_delays_ms integer[],
    webhooks_per_workspace_max integer not null,
    revision bigint not null default nextval('subscription.provider_revision'),
    wrapped_data_key bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint provider_pkey primary key (name)
  )`,
  `create table subscription.event_type (
    provider text collate "C" not null,
    name text collate "C" not null,
    group_name text not null,
    description text not null,
    schema bytea not null,
    example bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint event_type_pkey primary key (provider, name),
    constraint event_type_provider_fkey foreign key (provider)
      references subscription.provider (name) on delete cascade
  )`,
  // The key (provider, id) serves listWorkspaces and is what keys and tenants are checked by.
  `create table subscription.workspace (
    provider text collate "C" not null,
    id uuid not null,
    alias text collate "C",
    display_name text not null,
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint workspace_pkey primary key (id),
    constraint workspace_provider_id_key unique (provider, id),
    constraint workspace_provider_alias_key unique (provider, alias),
    constraint workspace_provider_fkey foreign key (provider)
      references subscription.provider (name)
  )`,
  `create table subscription.webhook (
    workspace_id uuid not null,
    id uuid not null,
    version bigint not null,
    -- The version of the last change of url or state.
    target_version bigint not null,
    name text not null,
    description text not null,
    url text not null,
    event_types text[] not null,
    state text not null
      constraint webhook_state_check check (state in ('ACTIVE', 'PAUSED', 'DISABLED')),
    disabled_reason text
      constraint webhook_disabled_reason_check check (disabled_reason in ('GONE')),
    header_names text[] not null,
    sealed_headers bytea not null,
    in_flight_max integer not null,
    timeout_ms integer,
    retry_delays_ms integer[],
    metadata jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint webhook_pkey primary key (workspace_id, id),
    constraint webhook_workspace_fkey foreign key (workspace_id)
      references subscription.workspace (id) on delete cascade,
    constraint webhook_disabled_check check ((state = 'DISABLED') = (disabled_reason is not null))
  )`,
  // `version` is the webhook's version that brought the secret; the newest has no end.
  `create table subscription.webhook_secret (
    workspace_id uuid not null,
    webhook_id uuid not null,
    version bigint not null,
    sealed bytea not null,
    expire_at timestamptz,
    constraint webhook_secret_pkey primary key (workspace_id, webhook_id, version),
    constraint webhook_secret_webhook_fkey foreign key (workspace_id, webhook_id)
      references subscription.webhook (workspace_id, id) on delete cascade
  )`,
  `create table subscription.api_key (
    id uuid not null,
    level text not null
      constraint api_key_level_check check (level in ('admin', 'operator', 'workspace')),
    provider text collate "C",
    workspace_id uuid,
    scopes text[] not null,
    sha256 bytea not null,
    hint text not null,
    created_at timestamptz not null default now(),
    expire_at timestamptz,
    constraint api_key_pkey primary key (id),
    constraint api_key_sha256_key unique (sha256),
    constraint api_key_provider_fkey foreign key (provider)
      references subscription.provider (name) on delete cascade,
    constraint api_key_workspace_fkey foreign key (provider, workspace_id)
      references subscription.workspace (provider, id) on delete cascade,
    constraint api_key_provider_check check ((level = 'admin') = (provider is null)),
    constraint api_key_workspace_check check ((level = 'workspace') = (workspace_id is not null))
  )`,
  // Serves listApiKeys.
  "create index api_key_provider_id on subscription.api_key (provider, id)",
  // Serves the cascade from workspace.
  "create index api_key_workspace_id on subscription.api_key (workspace_id)",
];
