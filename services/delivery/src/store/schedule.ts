import { type Kysely, type RawBuilder, sql } from "kysely";
import type { EnvelopePin } from "../domain/envelope.ts";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { DeliveryClass } from "../domain/shares.ts";
import { uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { dayTable } from "./days.ts";
import { msUntil } from "./ms-until.ts";
import { type OriginRow, toOrigin } from "./origins.ts";

/** A webhook with waiting deliveries of a class in a partition. Ids are UUIDs. */
export interface WaitingLane {
  readonly webhookUuid: string;
  readonly deliveryClass: DeliveryClass;
  readonly workspaceUuid: string;
  /** How long until the first of them is due, by the database's clock; 0 when it is. */
  readonly waitMs: number;
  /** Whether there are some, of any class, that stand in order. */
  readonly isOrdered: boolean;
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
    select webhook_id, class, workspace_id, exists (
        select from delivery.schedule s where s.partition = ${partition}
          and s.webhook_id = lane.webhook_id and s.ordering_key is not null) as is_ordered,
      ${msUntil(sql`due_at`)} as wait_ms from lane`.execute(db);
  return rows.map((row) => ({
    webhookUuid: row.webhook_id,
    deliveryClass: row.class,
    workspaceUuid: row.workspace_id,
    waitMs: row.wait_ms,
    isOrdered: row.is_ordered,
  }));
}

interface LaneRow {
  webhook_id: string;
  class: DeliveryClass;
  workspace_id: string;
  wait_ms: number;
  is_ordered: boolean;
}

/** A waiting delivery with what is sent. Ids are UUIDs. */
export interface Waiting extends EventOrigin {
  readonly deliveryUuid: string;
  readonly day: string;
  readonly eventUuid: string;
  readonly eventType: string;
  readonly data: Buffer;
  readonly time: string;
  readonly traceparent: string;
  readonly attemptCount: number;
  /** How long it has been due. */
  readonly overdueMs: number;
  /** Undefined when its webhook is not ordered. */
  readonly orderingKey: string | undefined;
  /** How long it waited before for earlier ones of its key. */
  readonly orderWaitMs: number;
  /** The envelope that it keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
}

/**
 * Reads a webhook's waiting deliveries of a class that are due, earliest first, leaving out those
 * named in `busy`. Gives at most `countMax`, and how long until the next one after them is due by
 * the database's clock: undefined when there is none, 0 when more are due already.
 */
export async function listDue(
  db: Kysely<Database>,
  lane: {
    readonly partition: number;
    readonly webhookUuid: string;
    readonly deliveryClass: DeliveryClass;
    readonly busy: readonly string[];
    readonly countMax: number;
  },
): Promise<{ due: readonly Waiting[]; nextWaitMs: number | undefined }> {
  const { rows } = await sql<DueRow>`/*due*/
    select delivery_id, to_char(day, 'YYYY-MM-DD') as day, event_id, attempt_count,
      (extract(epoch from due_at - clock_timestamp()) * 1000)::float8 as wait_ms, ordering_key,
      case when attempt_count = 0 then (extract(epoch from due_at - ready_at) * 1000)::float8 end
        as order_wait_ms, envelope_revision, payload_version
    from delivery.schedule
    where partition = ${lane.partition} and webhook_id = ${lane.webhookUuid}
      and class = ${lane.deliveryClass} and due_at < 'infinity'
      and delivery_id <> all (${uuids(lane.busy)}::uuid[])
    order by due_at limit ${lane.countMax + 1}`.execute(db);
  const due = rows.slice(0, lane.countMax).filter((row) => row.wait_ms <= 0);
  const next = rows[due.length];
  const events = await listEvents(db, due);
  return {
    due: due.flatMap((row) => toWaiting(row, events.get(row.event_id)) ?? []),
    nextWaitMs: next && Math.max(next.wait_ms, 0),
  };
}

interface DueRow {
  delivery_id: string;
  day: string;
  event_id: string;
  attempt_count: number;
  /** Negative when it is due already. */
  wait_ms: number;
  ordering_key: string | null;
  order_wait_ms: number | null;
  envelope_revision: string | null;
  payload_version: string | null;
}

interface EventRow extends OriginRow {
  id: string;
  type: string;
  data: Buffer;
  event_time: string;
  traceparent: string;
}

/** The events of due rows, by id, day by day: a join would open every day that there is. */
async function listEvents(
  db: Kysely<Database>,
  due: readonly DueRow[],
): Promise<ReadonlyMap<string, EventRow>> {
  const byDay = Map.groupBy(due, ({ day }) => day);
  const events = new Map<string, EventRow>();
  for (const [day, rows] of byDay) {
    const name = sql.raw(`/*bodies-${day.replaceAll("-", "")}*/`);
    const ids = [...new Set(rows.map((row) => row.event_id))];
    const found = await sql<EventRow>`${name}
      select id, type, data, event_time, traceparent, connection_id, integration_name,
        previous_attributes
      from ${dayTable("event", day)}
      where id = any(${uuids(ids)}::uuid[])`.execute(db);
    for (const row of found.rows) events.set(row.id, row);
  }
  return events;
}

/** Undefined when the event went meanwhile, and the delivery with it. */
function toWaiting(row: DueRow, event: EventRow | undefined): Waiting | undefined {
  if (!event) return undefined;
  return {
    deliveryUuid: row.delivery_id,
    day: row.day,
    eventUuid: row.event_id,
    eventType: event.type,
    data: event.data,
    time: event.event_time,
    traceparent: event.traceparent,
    attemptCount: row.attempt_count,
    overdueMs: -row.wait_ms,
    orderingKey: row.ordering_key ?? undefined,
    orderWaitMs: row.order_wait_ms ?? 0,
    pin: pinOf(row),
    ...toOrigin(event),
  };
}

function pinOf({ envelope_revision, payload_version }: DueRow): EnvelopePin | undefined {
  if (envelope_revision === null || payload_version === null) return undefined;
  return { revision: envelope_revision, version: payload_version };
}

/** Ends up to 5,000 waiting deliveries of a webhook that is gone as CANCELED. Gives how many. */
export async function cancelWaiting(
  db: Kysely<Database>,
  lane: { readonly partition: number; readonly webhookUuid: string; readonly reason: string },
): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    with gone as (
      delete from delivery.schedule where delivery_id in (
        select delivery_id from delivery.schedule
        where partition = ${lane.partition} and webhook_id = ${lane.webhookUuid} limit 5000)
      returning day, delivery_id
    ), ${canceled(sql`gone`, lane.reason)}
    select count(*) from gone`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/** A place in a webhook's schedule: all of its classes, earliest due first. */
export interface ScheduleCursor {
  readonly deliveryClass: number;
  /** Microseconds since 1970. */
  readonly dueUs: string;
  readonly deliveryUuid: string;
}

/**
 * Ends those of a webhook's next 5,000 waiting deliveries that were made before a time, at a
 * user's word, as CANCELED. Gives where to go on; undefined at the end. Doing it again changes
 * nothing.
 */
export async function cancelMadeBefore(
  db: Kysely<Database>,
  lane: { readonly partition: number; readonly webhookUuid: string; readonly before: Date },
  after: ScheduleCursor | undefined,
): Promise<ScheduleCursor | undefined> {
  const { rows } = await sql<{ class: number; due_us: string; delivery_id: string }>`
    with page as (
      select class, due_at, delivery_id, day from delivery.schedule
      where partition = ${lane.partition} and webhook_id = ${lane.webhookUuid}
        and (class, due_at, delivery_id) > (${after?.deliveryClass ?? -1}::smallint,
          ${timeOf(after?.dueUs)}, ${after?.deliveryUuid ?? nil}::uuid)
      order by class, due_at, delivery_id limit 5000
    ), old as (
      select d.day, d.id from page join delivery.delivery d
        on d.day = page.day and d.id = page.delivery_id
      where d.created_at < ${lane.before}
    ), gone as (
      delete from delivery.schedule s using old where s.delivery_id = old.id
      returning s.day, s.delivery_id
    ), ${canceled(sql`gone`, "CANCELED_BY_USER")}
    select class, case when due_at = 'infinity' then 'infinity'
      else ((extract(epoch from due_at) * 1000000)::bigint)::text end as due_us, delivery_id
    from page order by class desc, due_at desc, delivery_id desc limit 1`.execute(db);
  const row = rows[0];
  return row && { deliveryClass: row.class, dueUs: row.due_us, deliveryUuid: row.delivery_id };
}

const nil = "00000000-0000-0000-0000-000000000000";

/** Microseconds since 1970, or `infinity`; undefined = before all. */
function timeOf(us: string | undefined): RawBuilder<Date> {
  if (us === undefined || us === "infinity") {
    return sql`${us ?? "-infinity"}::timestamptz`;
  }
  return sql`'epoch'::timestamptz + ${us}::bigint * interval '1 microsecond'`;
}

/** Ends the deliveries of a CTE with `day` and `delivery_id`, as far as they are open. */
function canceled(gone: RawBuilder<unknown>, reason: string): RawBuilder<unknown> {
  return sql`changed as (
      update delivery.delivery d
      set state = 'CANCELED', state_reason = ${reason}, next_attempt_at = null
      from ${gone} g where d.day = g.day and d.id = g.delivery_id and d.state = 'PENDING'
    )`;
}
