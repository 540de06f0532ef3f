import { type Kysely, type Selectable, sql } from "kysely";
import type { Notice } from "../domain/notice.ts";
import { bigints, integers } from "./arrays.ts";
import type { Database } from "./database.ts";
import { absent, type Fragment, type Leased, type Written } from "./fragment.ts";

/**
 * Leaves notices of deliveries that ended by an attempt: of those that are exhausted, and of
 * those that succeeded where that is to be told. One that was canceled meanwhile leaves none.
 */
export function endNotices(results: readonly Leased[], written: Written): Fragment {
  const states = written.endsTold === "all" ? ["EXHAUSTED", "SUCCEEDED"] : ["EXHAUSTED"];
  if (!results.some(({ result }) => states.includes(result.state))) return absent;
  const ctes = sql`, end_notice as (
      insert into delivery.notice (partition, kind, workspace_id, webhook_id, delivery_id, event_id,
        event_type, attempt_count, status_code)
      select w.partition, w.state, w.workspace_id, w.webhook_id, w.id, w.event_id, w.event_type,
        w.attempt_count, w.last_status_code
      from ${sql.raw(written.deliveries)} w
      where w.has_changed and w.state in (${sql.join(states.map((state) => sql.lit(state)))})
    )`;
  return { name: written.endsTold === "all" ? "ends" : "spent", ctes };
}

/** Lists the oldest notices of each of these partitions that are not parked, oldest first. */
export async function listNotices(
  db: Kysely<Database>,
  partitions: readonly number[],
  countMax: number,
): Promise<Notice[]> {
  const { rows } = await sql<Selectable<Database["notice"]> & { provider: string | null }>`
    select n.*, h.provider
    from unnest(${integers(partitions)}::integer[]) as p (id)
    cross join lateral (
      select * from delivery.notice where partition = p.id and parked_at is null
      order by id limit ${countMax}) n
    left join delivery.webhook_health h
      on h.partition = n.partition and h.webhook_id = n.webhook_id
    order by n.id limit ${countMax}`.execute(db);
  return rows.map(fromRow);
}

/** Deletes notices that have been acted on. */
export async function deleteNotices(
  db: Kysely<Database>,
  notices: readonly Pick<Notice, "partition" | "id">[],
): Promise<void> {
  await sql`delete from delivery.notice n
    using unnest(${integers(notices.map((n) => n.partition))}::integer[],
      ${bigints(notices.map((n) => n.id))}::bigint[]) as d (partition, id)
    where n.partition = d.partition and n.id = d.id`.execute(db);
}

/** Puts a notice aside that cannot be acted on; it stays visible in the table. */
export async function parkNotice(
  db: Kysely<Database>,
  notice: Pick<Notice, "partition" | "id">,
  error: string,
): Promise<void> {
  await db
    .updateTable("notice")
    .set({ parked_at: sql`now()`, error: error.replaceAll("\0", "") })
    .where("partition", "=", notice.partition)
    .where("id", "=", notice.id)
    .execute();
}

function fromRow(row: Selectable<Database["notice"]> & { provider: string | null }): Notice {
  return {
    partition: row.partition,
    id: row.id,
    kind: row.kind as Notice["kind"], // the table's check
    provider: row.provider ?? "",
    workspaceUuid: row.workspace_id,
    webhookUuid: row.webhook_id,
    webhookVersion: row.webhook_version,
    reason: row.reason as Notice["reason"], // written by healthCtes
    failureCount: row.failures,
    failingSince: row.failing_since ?? undefined,
    delivery: toDelivery(row),
    createdAt: row.created_at,
  };
}

function toDelivery(row: Selectable<Database["notice"]>): Notice["delivery"] {
  if (row.delivery_id === null || row.event_id === null) return undefined;
  return {
    uuid: row.delivery_id,
    eventUuid: row.event_id,
    eventType: row.event_type,
    attemptCount: row.attempt_count,
    statusCode: row.status_code,
  };
}
