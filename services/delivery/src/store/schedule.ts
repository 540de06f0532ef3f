import { type Kysely, type RawBuilder, sql } from "kysely";
import type { DeliveryClass } from "../domain/shares.ts";
import type { Database } from "./database.ts";

/** A webhook with waiting deliveries of a class in a partition. Ids are UUIDs. */
export interface WaitingLane {
  readonly webhookUuid: string;
  readonly deliveryClass: DeliveryClass;
  readonly workspaceUuid: string;
  /** How long until the first of them is due, by the database's clock; 0 when it is. */
  readonly waitMs: number;
}

/** Milliseconds until a time, 0 when it is past. */
function msUntil(time: RawBuilder<unknown>): RawBuilder<number> {
  return sql`greatest(extract(epoch from ${time} - clock_timestamp()) * 1000, 0)::float8`;
}

/**
 * Lists the webhooks that have waiting deliveries in a partition, once for each class. Jumps from
 * one to the next in the primary key, so that a million rows of one cost one step.
 */
export async function listWaitingLanes(
  db: Kysely<Database>,
  partition: number,
): Promise<readonly WaitingLane[]> {
  const { rows } = await sql<LaneRow>`
    with recursive lane as (
      (select webhook_id, class, workspace_id, due_at from delivery.schedule
       where partition = ${partition} order by webhook_id, class, due_at limit 1)
      union all
      select next.* from lane, lateral (
        select s.webhook_id, s.class, s.workspace_id, s.due_at from delivery.schedule s
        where s.partition = ${partition} and (s.webhook_id, s.class) > (lane.webhook_id, lane.class)
        order by s.webhook_id, s.class, s.due_at limit 1) next
    )
    select webhook_id, class, workspace_id, ${msUntil(sql`due_at`)} as wait_ms from lane`.execute(
    db,
  );
  return rows.map((row) => ({
    webhookUuid: row.webhook_id,
    deliveryClass: row.class,
    workspaceUuid: row.workspace_id,
    waitMs: row.wait_ms,
  }));
}

interface LaneRow {
  webhook_id: string;
  class: DeliveryClass;
  workspace_id: string;
  wait_ms: number;
}

/** A waiting delivery with what is sent. Ids are UUIDs. */
export interface Waiting {
  readonly deliveryUuid: string;
  readonly day: string;
  readonly eventUuid: string;
  readonly eventType: string;
  readonly data: Buffer;
  readonly time: string;
  readonly traceparent: string;
  readonly attemptCount: number;
}

/**
 * Reads a webhook's waiting deliveries that are due, earliest first, leaving out those named in
 * `busy`. Gives at most `countMax`, and how long until the next one after them is due by the
 * database's clock: undefined when there is none, 0 when more are due already.
 */
export async function listDue(
  db: Kysely<Database>,
  lane: {
    readonly partition: number;
    readonly webhookUuid: string;
    readonly busy: readonly string[];
    readonly countMax: number;
  },
): Promise<{ due: readonly Waiting[]; nextWaitMs: number | undefined }> {
  const { rows } = await sql<DueRow>`
    select s.delivery_id, to_char(s.day, 'YYYY-MM-DD') as day, s.event_id, s.attempt_count,
      e.type, e.data, e.event_time, e.traceparent, ${msUntil(sql`s.due_at`)} as wait_ms
    from (select w.* from unnest(array[0, 1, 2]::smallint[]) as c (class), lateral (
        select * from delivery.schedule
        where partition = ${lane.partition} and webhook_id = ${lane.webhookUuid}
          and class = c.class and delivery_id <> all (${lane.busy}::uuid[])
        order by due_at limit ${lane.countMax + 1}) w
      order by due_at limit ${lane.countMax + 1}) s
    join delivery.event e on e.day = s.day and e.id = s.event_id
    order by s.due_at`.execute(db);
  const due = rows.slice(0, lane.countMax).filter((row) => row.wait_ms === 0);
  return { due: due.map(toWaiting), nextWaitMs: rows[due.length]?.wait_ms };
}

interface DueRow {
  delivery_id: string;
  day: string;
  event_id: string;
  attempt_count: number;
  type: string;
  data: Buffer;
  event_time: string;
  traceparent: string;
  wait_ms: number;
}

function toWaiting(row: DueRow): Waiting {
  return {
    deliveryUuid: row.delivery_id,
    day: row.day,
    eventUuid: row.event_id,
    eventType: row.type,
    data: row.data,
    time: row.event_time,
    traceparent: row.traceparent,
    attemptCount: row.attempt_count,
  };
}

/** Ends up to 5,000 waiting deliveries of a webhook that is gone as CANCELED. Gives how many. */
export async function cancelWaiting(
  db: Kysely<Database>,
  lane: { partition: number; webhookUuid: string; reason: string },
): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    with gone as (
      delete from delivery.schedule where delivery_id in (
        select delivery_id from delivery.schedule
        where partition = ${lane.partition} and webhook_id = ${lane.webhookUuid} limit 5000)
      returning day, delivery_id
    ), changed as (
      update delivery.delivery d
      set state = 'CANCELED', state_reason = ${lane.reason}, next_attempt_at = null
      from gone where d.day = gone.day and d.id = gone.delivery_id and d.state = 'PENDING'
    )
    select count(*) from gone`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/** Lists the webhooks of a partition that asked to be left alone for a time that is not over. */
export async function listBlockedLanes(
  db: Kysely<Database>,
  partition: number,
): Promise<readonly { webhookUuid: string; waitMs: number }[]> {
  const rows = await db
    .selectFrom("lane")
    .select(["webhook_id", msUntil(sql`blocked_until`).as("wait_ms")])
    .where("partition", "=", partition)
    .where("blocked_until", ">", sql<Date>`clock_timestamp()`)
    .execute();
  return rows.map((row) => ({ webhookUuid: row.webhook_id, waitMs: row.wait_ms }));
}
