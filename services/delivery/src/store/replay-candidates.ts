import { dayOf } from "@posthorn/runtime";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { EnvelopePin } from "../domain/envelope.ts";
import type { EventFacts } from "../domain/replay.ts";
import { dates, uuids } from "./arrays.ts";
import type { Cursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { toPin } from "./deliveries.ts";
import { toConnectionId } from "./origins.ts";

/** The range of a replay that has not been looked at. Ids are UUIDs. */
export interface ReplayRange {
  readonly workspaceUuid: string;
  /** Undefined for all. */
  readonly webhookUuid: string | undefined;
  /** Everything up to here has been looked at. */
  readonly cursor: Cursor;
  /** Nothing from here on. */
  readonly before: Date;
}

/** Something that a replay may send again. Ids are UUIDs. */
export interface Candidate {
  /** Where it stands in the range. */
  readonly cursor: Cursor;
  readonly eventUuid: string;
  /** The event's day. */
  readonly day: string;
  readonly eventType: string;
}

/** An event in the range of a replay, and what became of it at the webhook. */
export interface EventCandidate extends Candidate {
  /** Of its data. */
  readonly bytes: number;
  readonly facts: EventFacts;
}

/**
 * Lists the workspace's next events after the replay's cursor, in the order of acceptance, without
 * tests and without what a first sync withheld for good.
 */
export async function listEventCandidates(
  db: Kysely<Database>,
  range: ReplayRange,
  countMax: number,
): Promise<readonly EventCandidate[]> {
  const { rows } = await sql<{
    id: string;
    day: string;
    type: string;
    bytes: number;
    at_us: string;
    is_delivered: boolean;
    has_failed: boolean;
    is_taken_care_of: boolean;
  }>`
    select e.id, to_char(e.day, 'YYYY-MM-DD') as day, e.type, e.bytes, e.at_us, d.*
    from (
      select id, day, type, octet_length(data) as bytes, accepted_at,
        (extract(epoch from accepted_at) * 1000000)::bigint::text as at_us
      from delivery.event
      where workspace_id = ${range.workspaceUuid} and ${isWithin("accepted_at", range)}
        and ${isNear("day", range)} and not is_test
        and not in_first_sync
      order by accepted_at, id limit ${countMax}
    ) e cross join lateral (
      select count(*) > 0 as is_delivered,
        coalesce(bool_or(state = 'EXHAUSTED' or (state = 'CANCELED' and state_reason = 'PARKED')),
          false) as has_failed,
        coalesce(bool_or(state in ('SUCCEEDED', 'PENDING')), false) as is_taken_care_of
      from delivery.delivery
      where event_id = e.id and webhook_id = ${range.webhookUuid} and day = e.day
        and ${isNear("day", range)}
    ) d
    order by e.accepted_at, e.id`.execute(db);
  return rows.map((row) => ({
    cursor: { atUs: row.at_us, uuid: row.id },
    eventUuid: row.id,
    day: row.day,
    eventType: row.type,
    bytes: row.bytes,
    facts: {
      isDelivered: row.is_delivered,
      hasFailed: row.has_failed,
      isTakenCareOf: row.is_taken_care_of,
    },
  }));
}

/** What a filter sees of an event. Ids are UUIDs. */
export interface EventBody {
  readonly uuid: string;
  readonly type: string;
  readonly time: string;
  readonly data: Buffer;
  /** `conn_` + 26 characters; undefined for none. */
  readonly connectionId: string | undefined;
}

/** Reads the bodies of events of the workspace by their UUIDs and days; those that are gone are left out. */
export async function listEventBodies(
  db: Kysely<Database>,
  workspaceUuid: string,
  events: readonly Pick<Candidate, "eventUuid" | "day">[],
): Promise<readonly EventBody[]> {
  const days = events.map(({ day }) => day);
  const { rows } = await sql<{
    id: string;
    type: string;
    event_time: string;
    data: Buffer;
    connection_id: string | null;
  }>`
    select e.id, e.type, e.event_time, e.data, e.connection_id
    from unnest(${uuids(events.map((e) => e.eventUuid))}::uuid[],
        ${dates(events.map((e) => e.day))}::date[]) as k (id, day)
      cross join lateral (${eventByKey("k.id", "k.day", days)}) e
    where e.workspace_id = ${workspaceUuid}`.execute(db);
  return rows.map(({ id, type, event_time, data, ...row }) => ({
    uuid: id,
    type,
    time: event_time,
    data,
    connectionId: toConnectionId(row),
  }));
}

/**
 * Finds an event by its id and day, one of the days that are given. The offset keeps the planner
 * from joining by anything else: without statistics it takes a workspace's events for few.
 */
export function eventByKey(id: string, day: string, days: readonly string[]): RawBuilder<unknown> {
  const [first = null, last = null] = [days.toSorted().at(0), days.toSorted().at(-1)];
  return sql`select * from delivery.event
    where id = ${sql.ref(id)} and day = ${sql.ref(day)}
      and day between ${first}::date and ${last}::date
    offset 0`;
}

/** A delivery in the range of a replay. */
export interface DeliveryCandidate extends Candidate {
  readonly webhookUuid: string;
  readonly state: string;
  readonly stateReason: string;
  readonly lastStatusCode: number;
  /** `conn_` + 26 characters; undefined for none. */
  readonly connectionId: string | undefined;
  /** The envelope that it keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
}

/** Lists the workspace's next deliveries after the replay's cursor, oldest first, without tests. */
export async function listDeliveryCandidates(
  db: Kysely<Database>,
  range: ReplayRange,
  page: { readonly eventUuid: string | undefined; readonly countMax: number },
): Promise<readonly DeliveryCandidate[]> {
  const { rows } = await sql<{
    id: string;
    day: string;
    at_us: string;
    event_id: string;
    event_type: string;
    webhook_id: string;
    state: string;
    state_reason: string;
    last_status_code: number;
    envelope_revision: string;
    payload_version: string;
    connection_id: string | null;
  }>`
    select id, to_char(day, 'YYYY-MM-DD') as day, event_id, event_type, webhook_id, state,
      state_reason, last_status_code, envelope_revision, payload_version, connection_id,
      (extract(epoch from created_at) * 1000000)::bigint::text as at_us
    from delivery.delivery
    where workspace_id = ${range.workspaceUuid} and ${isWithin("created_at", range)}
      and ${isOf("webhook_id", range.webhookUuid)} and ${isOfEvent(page.eventUuid)}
      and trigger <> 'TEST'
    order by created_at, id limit ${page.countMax}`.execute(db);
  return rows.map((row) => ({
    cursor: { atUs: row.at_us, uuid: row.id },
    eventUuid: row.event_id,
    day: row.day,
    eventType: row.event_type,
    webhookUuid: row.webhook_id,
    state: row.state,
    stateReason: row.state_reason,
    lastStatusCode: row.last_status_code,
    pin: toPin(row),
    connectionId: toConnectionId(row),
  }));
}

/** The condition that a row of a time comes after the cursor and before the range's end. */
function isWithin(timeColumn: string, { cursor, before }: ReplayRange): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(timeColumn)}, id) >
      ('epoch'::timestamptz + ${cursor.atUs}::bigint * interval '1 microsecond', ${cursor.uuid}::uuid)
    and ${sql.ref(timeColumn)} < ${before}`;
}

function isOf(column: string, uuid: string | undefined): RawBuilder<boolean> {
  return uuid === undefined ? sql`true` : sql`${sql.ref(column)} = ${uuid}`;
}

function isOfEvent(uuid: string | undefined): RawBuilder<boolean> {
  return uuid === undefined ? sql`true` : sql`event_id = ${uuid} and day = ${dayOf(uuid)}`;
}

/**
 * The condition that a day is one of the range, or the next to it, as an event's id may be a little
 * off its acceptance. Days that are known when a statement is planned are all that it opens.
 */
function isNear(dayColumn: string, { cursor, before }: ReplayRange): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(dayColumn)} between ${nearDay(Number(cursor.atUs) / 1000, -1)}::date
    and ${nearDay(before.getTime(), 1)}::date`;
}

function nearDay(atMs: number, days: 1 | -1): string {
  return new Date(atMs + days * 86_400_000).toISOString().slice(0, 10);
}
