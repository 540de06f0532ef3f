import { type Kysely, sql } from "kysely";

/**
 * Adds the counters of what is sent, by webhook and hour. A new table, so no lock that anyone
 * waits for.
 *
 * A counter's row changes with every commit that holds an attempt of its webhook: none of the
 * columns that change is indexed, and pages keep room, so that the new version stays on its page.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table delivery.stat (
    workspace_id uuid not null,
    webhook_id uuid not null,
    hour timestamptz not null,
    provider text not null,
    succeeded integer not null,
    redirected integer not null,
    client_error integer not null,
    server_error integer not null,
    timed_out integer not null,
    dns_error integer not null,
    connect_error integer not null,
    tls_error integer not null,
    refused_address integer not null,
    protocol_error integer not null,
    delivered integer not null,
    exhausted integer not null,
    ms_1 integer not null,
    ms_2 integer not null,
    ms_4 integer not null,
    ms_8 integer not null,
    ms_16 integer not null,
    ms_32 integer not null,
    ms_64 integer not null,
    ms_128 integer not null,
    ms_256 integer not null,
    ms_512 integer not null,
    ms_1024 integer not null,
    ms_2048 integer not null,
    ms_4096 integer not null,
    ms_8192 integer not null,
    ms_16384 integer not null,
    ms_more integer not null,
    duration_us bigint not null,
    constraint stat_pkey primary key (workspace_id, webhook_id, hour)
  ) with (fillfactor = 60)`,
  // Serves the numbers of a provider, and deleting those that are old.
  "create index stat_provider_hour on delivery.stat (provider, hour)",
];
