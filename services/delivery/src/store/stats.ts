import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Outcome } from "../domain/delivery.ts";
import { bigints, integers, texts, times, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { absent, type Counted, type Fragment } from "./fragment.ts";

/** What is counted beside how long attempts took: attempts by outcome, deliveries that ended. */
const counters = [
  "succeeded",
  "redirected",
  "client_error",
  "server_error",
  "timed_out",
  "dns_error",
  "connect_error",
  "tls_error",
  "refused_address",
  "protocol_error",
  "delivered",
  "exhausted",
] as const;
type Counter = (typeof counters)[number];

/** Attempts are counted by how long they took: up to each of these, doubling, and longer. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 15 }, (_, n) => 2 ** n);
const lengths = [...latencyBoundsMs.map((ms) => `ms_${ms}` as const), "ms_more" as const];
type Length = (typeof lengths)[number];
const columns = [...counters, ...lengths];
const columnCount = columns.length;
const columnAt = new Map<Counter, number>(counters.map((counter, index) => [counter, index]));
const hourMs = 3_600_000;

/** An hour of a webhook, as one statement adds to it. */
interface Addition {
  readonly lease: number;
  readonly provider: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly hourMs: number;
  /** By column. */
  readonly counts: number[];
  durationUs: number;
}

/**
 * Adds attempts to the counters of their webhooks: one row for each webhook and hour, however many
 * attempts a statement records. For a statement that has `held (lease, partition)`, as attempts of
 * other leases count nothing, and `new_attempt`: one that is written again, because its answer was
 * lost, finds its attempts there and counts nothing. Rows are written in the order of their key,
 * so that two statements never wait for each other crosswise.
 */
export function statCtes(counted: readonly Counted[]): Fragment {
  if (counted.length === 0) return absent;
  const rows = additions(counted);
  const ctes = sql`, stat as (
      insert into delivery.stat as s (workspace_id, webhook_id, hour, provider,
        duration_us, ${columnList})
      select a.workspace_id, a.webhook_id, a.hour, a.provider, a.duration_us, ${countList}
      from (select ${integers(rows.flatMap((row) => row.counts))}::integer[] as counts) c,
        unnest(${integers(rows.map((row) => row.lease))}::integer[],
          ${uuids(rows.map((row) => row.workspaceUuid))}::uuid[],
          ${uuids(rows.map((row) => row.webhookUuid))}::uuid[],
          ${times(rows.map((row) => new Date(row.hourMs)))}::timestamptz[],
          ${texts(rows.map((row) => row.provider))}::text[],
          ${bigints(rows.map((row) => BigInt(Math.round(row.durationUs))))}::bigint[])
        with ordinality as a (lease, workspace_id, webhook_id, hour, provider, duration_us, row)
      where a.lease in (select lease from held) and exists (select from new_attempt)
      order by a.workspace_id, a.webhook_id, a.hour
      on conflict (workspace_id, webhook_id, hour) do update set
        duration_us = s.duration_us + excluded.duration_us, ${sumList}
    )`;
  return { name: "stats", ctes };
}

/** Each row's counts follow those of the row before it: one parameter in place of one a column. */
const countList: RawBuilder<unknown> = sql.raw(
  columns.map((_, index) => `(c.counts)[(a.row - 1) * ${columnCount} + ${index + 1}]`).join(", "),
);
const columnList: RawBuilder<unknown> = sql.raw(columns.join(", "));
const sumList: RawBuilder<unknown> = sql.raw(
  columns.map((column) => `${column} = s.${column} + excluded.${column}`).join(", "),
);

function additions(counted: readonly Counted[]): readonly Addition[] {
  const byKey = new Map<string, Addition>();
  for (const one of counted) {
    const startedMs = one.startedAt.getTime();
    const hour = startedMs - (startedMs % hourMs);
    const key = `${one.lease} ${one.webhookUuid} ${hour}`;
    let row = byKey.get(key);
    if (row === undefined) {
      const { lease, provider, workspaceUuid, webhookUuid } = one;
      const counts = new Array<number>(columnCount).fill(0);
      row = { lease, provider, workspaceUuid, webhookUuid, hourMs: hour, counts, durationUs: 0 };
      byKey.set(key, row);
    }
    add(row, one);
  }
  return [...byKey.values()];
}

function add(row: Addition, { outcome, statusCode, durationMs, state }: Counted): void {
  row.durationUs += durationMs * 1000;
  count(row, counterOf(outcome, statusCode));
  const place = lengthOf(durationMs);
  row.counts[counters.length + place] = (row.counts[counters.length + place] ?? 0) + 1;
  if (state === "SUCCEEDED") count(row, "delivered");
  if (state === "EXHAUSTED") count(row, "exhausted");
}

function count(row: Addition, counter: Counter): void {
  const index = columnAt.get(counter) ?? 0;
  row.counts[index] = (row.counts[index] ?? 0) + 1;
}

function counterOf(outcome: Outcome, statusCode: number): Counter {
  switch (outcome) {
    case "SUCCEEDED":
      return "succeeded";
    case "HTTP_ERROR":
      if (statusCode >= 500) return "server_error";
      return statusCode >= 400 ? "client_error" : "redirected";
    case "TIMEOUT":
      return "timed_out";
    case "DNS_ERROR":
      return "dns_error";
    case "CONNECT_ERROR":
      return "connect_error";
    case "TLS_ERROR":
      return "tls_error";
    case "REFUSED_ADDRESS":
      return "refused_address";
    case "PROTOCOL_ERROR":
      return "protocol_error";
  }
}

/** Which of the lengths a time is: 0 up to 1 ms, 1 up to 2 ms, and so on. */
function lengthOf(durationMs: number): number {
  const bits = 32 - Math.clz32(Math.max(Math.ceil(durationMs) - 1, 0));
  return Math.min(bits, lengths.length - 1);
}

/** Whose numbers to add up. Ids are UUIDs. */
export type StatScope =
  | { readonly workspaceUuid: string; readonly webhookUuid?: string }
  | { readonly provider: string };

/** What was sent in a time. */
export interface Stat {
  readonly at: Date;
  readonly counts: Readonly<Record<Counter, number>>;
  /** One more than `latencyBoundsMs` has. */
  readonly lengths: readonly number[];
  readonly durationMs: number;
}

/**
 * Adds up the numbers of a range by steps, each beginning at a whole multiple of itself since 1970.
 * Steps in which nothing was sent are left out.
 */
export async function listStats(
  db: Kysely<Database>,
  scope: StatScope,
  range: { after: Date; before: Date; stepMs: number },
): Promise<readonly Stat[]> {
  const sums = sql.raw(columns.map((name) => `sum(${name})::float8 as ${name}`).join(", "));
  const { rows } = await sql<Row>`
    select date_bin(${range.stepMs}::integer * interval '1 millisecond', hour, 'epoch') as at,
      sum(duration_us)::float8 as duration_us, ${sums}
    from delivery.stat
    where ${whose(scope)} and hour >= ${range.after} and hour < ${range.before}
    group by 1 order by 1`.execute(db);
  return rows.map(toStat);
}

function whose(scope: StatScope): RawBuilder<unknown> {
  if ("provider" in scope) return sql`provider = ${scope.provider}`;
  const { workspaceUuid, webhookUuid } = scope;
  const webhook = webhookUuid === undefined ? sql`` : sql`and webhook_id = ${webhookUuid}`;
  return sql`workspace_id = ${workspaceUuid} ${webhook}`;
}

type Row = { at: Date; duration_us: number } & Record<Counter | Length, number>;

function toStat(row: Row): Stat {
  const counts = Object.fromEntries(counters.map((name) => [name, row[name]]));
  return {
    at: row.at,
    counts: counts as Stat["counts"], // one for each counter
    lengths: lengths.map((name) => row[name] ?? 0),
    durationMs: row.duration_us / 1000,
  };
}

/** Deletes up to 5,000 rows of hours before a time. Gives how many. */
export async function deleteStats(db: Kysely<Database>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    with recursive provider as (
      (select provider from delivery.stat order by provider limit 1)
      union all
      select next.provider from provider, lateral (
        select s.provider from delivery.stat s where s.provider > provider.provider
        order by s.provider limit 1) next
    ), old as (
      select s.workspace_id, s.webhook_id, s.hour from provider p, lateral (
        select workspace_id, webhook_id, hour from delivery.stat
        where provider = p.provider and hour < ${before} limit 5000) s
      limit 5000
    )
    delete from delivery.stat s using old
    where s.workspace_id = old.workspace_id and s.webhook_id = old.webhook_id and s.hour = old.hour`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}
