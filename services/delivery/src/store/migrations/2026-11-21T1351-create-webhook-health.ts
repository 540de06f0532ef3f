import { type Kysely, sql } from "kysely";

/** Makes the table of how webhooks fare. A new table only, so no lock that anyone waits for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // One row a webhook, written with the results of its attempts: room on the page lets row versions
  // be pruned in place, and nothing that changes is indexed. `webhook_version` is the newest
  // that attempts were made under, `target_version` that of the last change of its URL or state,
  // `disabled_target` the one under which disabling was asked for, `verdict` what the last write
  // made of the webhook.
  `create table delivery.webhook_health (
    partition integer not null,
    webhook_id uuid not null,
    workspace_id uuid not null,
    provider text not null,
    webhook_version bigint not null,
    target_version bigint not null,
    consecutive_failures integer not null,
    failing_since timestamptz,
    last_success_at timestamptz,
    last_failure_at timestamptz,
    noticed_at timestamptz,
    disabled_target bigint,
    verdict text not null default '',
    constraint webhook_health_pkey primary key (partition, webhook_id),
    constraint webhook_health_verdict_check
      check (verdict in ('', 'FAILING', 'FAILED', 'GONE', 'RECOVERED'))
  ) with (fillfactor = 50)`,
];
