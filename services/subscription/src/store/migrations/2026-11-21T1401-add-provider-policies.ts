import { type Kysely, sql } from "kysely";

/**
 * Gives providers their envelopes and policies, event types what catalogs and fan-out know of them
 * besides, and webhooks a payload version. Old rows and old code have what the defaults say: the
 * default envelope of version `v1`, and the rules as they were. An exclusive lock on each table
 * without reading a row, but for the checks of `provider`, which has few.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table subscription.provider
    add column envelopes jsonb not null default '[]',
    -- 0: it never had any of its own.
    add column envelope_revision bigint not null default 0,
    add column secret_policy jsonb not null default '{}',
    add column event_type_selection text not null default 'ANY'
      constraint provider_event_type_selection_check
      check (event_type_selection in ('ANY', 'EXACTLY_ONE')),
    add column webhook_fields jsonb not null default '[]',
    add column webhooks_start_paused boolean not null default false,
    add column connection_policy jsonb,
    add column compat text not null default ''`,
  // What deliveries were made for; they name it by its revision as long as they can be sent.
  `create table subscription.provider_envelopes (
    provider text collate "C" not null,
    revision bigint not null,
    envelopes jsonb not null,
    created_at timestamptz not null default now(),
    constraint provider_envelopes_pkey primary key (provider, revision),
    constraint provider_envelopes_provider_fkey foreign key (provider)
      references subscription.provider (name) on delete cascade
  )`,
  `alter table subscription.event_type
    add column label text not null default '',
    add column version text not null default '',
    add column filter text not null default '',
    add column has_previous boolean not null default false`,
  `alter table subscription.webhook
    add column payload_version text not null default 'v1'`,
];
