import assert from "node:assert";
import { heavyTurn } from "@posthorn/runtime";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { EnvelopePin } from "../domain/envelope.ts";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { EndsTold } from "../domain/notice.ts";
import { bigints, booleans, byteStrings, integers, texts, times, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { dayTable } from "./days.ts";
import { absent, type Fragment, heavyRows, type Written } from "./fragment.ts";
import type { Place } from "./ordering.ts";
import { connectionUuid } from "./origins.ts";
import type { Held } from "./partitions.ts";
import { type Inserting, mindingRepeats, onConflict } from "./repeats.ts";
import type { Result } from "./result.ts";
import { joined, leftBehind, nameComment, statementName, tellAll } from "./result-ctes.ts";
import { failureCount } from "./results.ts";

/** An event to be stored. Ids are UUIDs. */
export interface NewEvent extends EventOrigin {
  readonly uuid: string;
  readonly day: string;
  /** Its offset in the log. */
  readonly offset: bigint;
  readonly workspaceUuid: string;
  readonly provider: string;
  readonly type: string;
  readonly data: Uint8Array;
  /** RFC 3339, as precise as the publisher gave it. */
  readonly time: string;
  readonly acceptedAt: Date;
  readonly orderingKey: string;
  readonly traceparent: string;
  /** When it is to be sent, as published; absent = at once. */
  readonly deliverAt?: Date;
  /** As `writeSkipped` makes it. */
  readonly skipped: string;
  /** Whether the first sync of its connection withholds it from all, for good. */
  readonly isInFirstSync?: boolean;
}

/** A delivery that an event makes. Ids are UUIDs. */
export interface NewDelivery {
  readonly uuid: string;
  readonly event: NewEvent;
  readonly webhookUuid: string;
  /** The webhook's pattern that named the event's type; empty when it takes all types. */
  readonly matchedBy: string;
  /** When the first attempt is due; absent = at once. */
  readonly dueAt?: Date;
  /** Where it stands in order; absent when its webhook is not ordered. */
  readonly place?: Place;
  /** The envelope that it keeps; absent for the default one. */
  readonly pin?: EnvelopePin;
}

/** A delivery to be stored, with what its first attempt came to if it has been made already. */
export interface FannedOut {
  readonly delivery: NewDelivery;
  readonly result?: Result | undefined;
}

/** A record that cannot be read. */
export interface ParkedRecord {
  readonly offset: bigint;
  readonly value: Uint8Array;
  readonly error: string;
}

/** One step of fan-out in one partition. */
export interface FanOut {
  readonly held: Held;
  readonly fromOffset: bigint;
  readonly toOffset: bigint;
  readonly events: readonly NewEvent[];
  readonly deliveries: readonly FannedOut[];
  readonly parked: readonly ParkedRecord[];
}

/**
 * Stores events, their deliveries, what first attempts came to, a schedule for those that are
 * open, what was parked, and the new offset, all or none, in one statement. Events that are there
 * already are left out with their deliveries.
 *
 * Gives the UUIDs of the events that are new; undefined when the lease or the offset is no longer
 * ours: then nothing was written.
 */
export async function insertFanOut(
  db: Kysely<Database>,
  fanOut: FanOut,
  endsTold: EndsTold,
): Promise<ReadonlySet<string> | undefined> {
  if (fanOut.events.length + fanOut.deliveries.length >= heavyRows) await heavyTurn("begun");
  return await mindingRepeats((inserting) => insert(db, fanOut, { endsTold, inserting }));
}

async function insert(
  db: Kysely<Database>,
  fanOut: FanOut,
  { endsTold, inserting }: { endsTold: EndsTold; inserting: Inserting },
): Promise<ReadonlySet<string> | undefined> {
  const { held, events, deliveries } = fanOut;
  const results = deliveries.flatMap(({ result }) => (result ? [{ lease: 0, result }] : []));
  const day = dayOf(fanOut);
  const written = { day, deliveries: "new_delivery", endsTold, inserting } as const;
  const isNew = inserting === "new";
  const pins = pinsOf(deliveries);
  const origins = originsOf(fanOut);
  const fragments = [
    ...[pins.fragment, origins.fragment, schedule(deliveries, pins), parked(fanOut)],
    ...leftBehind(results, written),
  ];
  const name = statementName(isNew ? "fan-out" : "fan-out-again", day, fragments);
  const fresh = isNew ? sql`` : sql`, (select array_agg(id::text) from new_event) as events`;
  const { rows } = await sql<{ moved: boolean; events?: string[] | null }>`${nameComment(name)}
    with owned as (
      select 1 from delivery.partition where id = ${held.partition} and epoch = ${held.epoch}
      for share
    ), moved as (
      update delivery.progress set next_offset = ${fanOut.toOffset.toString()}
      where partition = ${held.partition} and next_offset = ${fanOut.fromOffset.toString()}
        and exists (select from owned)
      returning partition
    ), held as (
      select 0 as lease, partition from moved
    ), ${newEvents(fanOut, origins, written)}${newDeliveries(fanOut, { pins, origins, written })}${joined(fragments)}
    select exists (select from moved) as moved${fresh}${tellAll(fragments)}`.execute(db);
  const row = rows[0];
  if (!row?.moved) return undefined;
  return new Set(isNew ? events.map(({ uuid }) => uuid) : row.events);
}

/** The day of a step's events, which is one; empty when it has none. */
function dayOf({ events }: FanOut): string {
  const day = events[0]?.day ?? "";
  assert(
    events.every((event) => event.day === day),
    "one statement takes events of one day",
  );
  return day;
}

function newEvents(
  { held, events }: FanOut,
  origins: Origins,
  { day, inserting }: Written,
): RawBuilder<unknown> {
  if (events.length === 0) return sql`new_event as (select null::uuid as id where false)`;
  return sql`new_event as (
      insert into ${dayTable("event", day)} (day, id, workspace_id, partition, provider, type, data,
        event_time, accepted_at, ordering_key, traceparent, deliver_at, skipped, log_offset${origins.columns})
      select ${day}::date, e.id, e.workspace_id, ${held.partition}, e.provider, e.type, e.data,
        e.event_time, e.accepted_at, e.ordering_key, e.traceparent, e.deliver_at, e.skipped,
        e.log_offset${origins.values}
      from (select unnest(${uuids(events.map((e) => e.uuid))}::uuid[]) as id,
        unnest(${uuids(events.map((e) => e.workspaceUuid))}::uuid[]) as workspace_id,
        unnest(${texts(events.map((e) => e.provider))}::text[]) as provider,
        unnest(${texts(events.map((e) => e.type))}::text[]) as type,
        unnest(${byteStrings(events.map((e) => e.data))}::bytea[]) as data,
        unnest(${texts(events.map((e) => e.time))}::text[]) as event_time,
        unnest(${times(events.map((e) => e.acceptedAt))}::timestamptz[]) as accepted_at,
        unnest(${texts(events.map((e) => e.orderingKey))}::text[]) as ordering_key,
        unnest(${texts(events.map((e) => e.traceparent))}::text[]) as traceparent,
        unnest(${times(events.map((e) => e.deliverAt))}::timestamptz[]) as deliver_at,
        unnest(${texts(events.map((e) => e.skipped))}::text[]) as skipped,
        unnest(${bigints(events.map((e) => e.offset))}::bigint[]) as log_offset${origins.arrays}) e
      where exists (select from moved)
      ${onConflict(inserting)}
      returning id
    )`;
}

/** What a statement has besides for events that name a connection, or what they changed. */
interface Origins {
  /** Adds to the statement's name, and no expression. */
  readonly fragment: Fragment;
  /** The columns of events, the same in a row `e`, and the values as arrays. */
  readonly columns: RawBuilder<unknown>;
  readonly values: RawBuilder<unknown>;
  readonly arrays: RawBuilder<unknown>;
  /** The column of deliveries, the same in a row `d`, and the values as an array. */
  readonly ofDelivery: {
    readonly column: RawBuilder<unknown>;
    readonly value: RawBuilder<unknown>;
    readonly array: RawBuilder<unknown>;
  };
}

const none = sql``;
const noOrigins: Origins = {
  fragment: absent,
  columns: none,
  values: none,
  arrays: none,
  ofDelivery: { column: none, value: none, array: none },
};

/** Empty stands for null in the arrays. */
function originsOf({ events, deliveries }: FanOut): Origins {
  const isNone = (event: NewEvent) =>
    event.connectionId === undefined && event.previousAttributes === undefined;
  if (events.every(isNone)) return noOrigins;
  return {
    fragment: { name: "connected", ctes: none },
    columns: sql`, connection_id, integration_name, previous_attributes, in_first_sync`,
    values: sql`, nullif(e.connection_id, '')::uuid, nullif(e.integration_name, ''),
        nullif(e.previous_attributes, ''), e.in_first_sync`,
    arrays: sql`, unnest(${texts(events.map(connectionUuid))}::text[]) as connection_id,
        unnest(${texts(events.map(({ integrationName = "" }) => integrationName))}::text[])
          as integration_name,
        unnest(${byteStrings(events.map(({ previousAttributes = noBytes }) => previousAttributes))}::bytea[])
          as previous_attributes,
        unnest(${booleans(events.map(({ isInFirstSync = false }) => isInFirstSync))}::boolean[])
          as in_first_sync`,
    ofDelivery: {
      column: sql`, connection_id`,
      value: sql`, nullif(d.connection_id, '')::uuid`,
      array: sql`, unnest(${texts(deliveries.map(({ delivery }) => connectionUuid(delivery.event)))}::text[])
          as connection_id`,
    },
  };
}

const noBytes = new Uint8Array();

/** What a statement has besides for deliveries that keep another envelope than the default one. */
interface Pins {
  /** Adds to the statement's name, and no expression. */
  readonly fragment: Fragment;
  /** The columns, and the same in a row `d`. */
  readonly columns: RawBuilder<unknown>;
  readonly values: RawBuilder<unknown>;
  /** The values as arrays; the default envelope's are 0 and empty. */
  readonly arrays: RawBuilder<unknown>;
  /** The values in the schedule, which has null for the default envelope's. */
  readonly scheduled: RawBuilder<unknown>;
}

const noPins: Pins = {
  fragment: absent,
  columns: none,
  values: none,
  arrays: none,
  scheduled: none,
};

function pinsOf(all: readonly FannedOut[]): Pins {
  if (all.every(({ delivery }) => delivery.pin === undefined)) return noPins;
  return {
    fragment: { name: "pinned", ctes: none },
    columns: sql`, envelope_revision, payload_version`,
    values: sql`, d.envelope_revision, d.payload_version`,
    arrays: sql`, unnest(${bigints(all.map(({ delivery }) => delivery.pin?.revision ?? "0"))}::bigint[])
          as envelope_revision,
        unnest(${texts(all.map(({ delivery }) => delivery.pin?.version ?? ""))}::text[])
          as payload_version`,
    scheduled: sql`, nullif(d.envelope_revision, 0), nullif(d.payload_version, '')`,
  };
}

function newDeliveries(
  { held, deliveries: all }: FanOut,
  {
    pins,
    origins,
    written: { day, inserting },
  }: { pins: Pins; origins: Origins; written: Written },
): RawBuilder<unknown> {
  if (all.length === 0) return sql``;
  // Not `in` alone, which would be joined, row by row as joins by hash are off.
  const isWanted =
    inserting === "new"
      ? sql`exists (select from moved)`
      : sql`(d.event_id in (select id from new_event)) is true`;
  const { ofDelivery } = origins;
  return sql`, new_delivery as (
      insert into ${dayTable("delivery", day)} (day, id, workspace_id, partition, webhook_id, event_id,
        event_type, trigger, trigger_id, state, state_reason, attempt_count, failure_count,
        last_status_code, matched_by, next_attempt_at, created_at${pins.columns}${ofDelivery.column})
      select ${day}::date, d.id, d.workspace_id, ${held.partition}, d.webhook_id, d.event_id,
        d.event_type, 'EVENT', '00000000-0000-0000-0000-000000000000', d.state, d.state_reason,
        d.attempt_count, d.failure_count, d.status_code, d.matched_by,
        case when d.state = 'PENDING' then coalesce(d.due_at, now()) end, now()${pins.values}${ofDelivery.value}
      from (select unnest(${uuids(all.map(({ delivery }) => delivery.uuid))}::uuid[]) as id,
        unnest(${uuids(all.map(({ delivery }) => delivery.event.workspaceUuid))}::uuid[]) as workspace_id,
        unnest(${uuids(all.map(({ delivery }) => delivery.webhookUuid))}::uuid[]) as webhook_id,
        unnest(${uuids(all.map(({ delivery }) => delivery.event.uuid))}::uuid[]) as event_id,
        unnest(${texts(all.map(({ delivery }) => delivery.event.type))}::text[]) as event_type,
        unnest(${texts(all.map(({ result }) => result?.state ?? "PENDING"))}::text[]) as state,
        unnest(${texts(all.map(({ result }) => result?.stateReason ?? ""))}::text[]) as state_reason,
        unnest(${integers(all.map(({ result }) => result?.attempt?.number ?? 0))}::integer[])
          as attempt_count,
        unnest(${integers(all.map(({ result }) => (result ? failureCount(result) : 0)))}::integer[])
          as failure_count,
        unnest(${integers(all.map(({ result }) => result?.attempt?.statusCode ?? 0))}::integer[])
          as status_code,
        unnest(${texts(all.map(({ delivery }) => delivery.matchedBy))}::text[]) as matched_by,
        unnest(${times(all.map(dueAt))}::timestamptz[]) as due_at${pins.arrays}${ofDelivery.array}) d
      where ${isWanted}
      returning id, day, workspace_id, partition, webhook_id, event_id, event_type, state,
        attempt_count, last_status_code, next_attempt_at, true as has_changed${pins.columns}
    )`;
}

/** Absent = now. */
function dueAt({ delivery, result }: FannedOut): Date | undefined {
  return result ? result.dueAt : delivery.dueAt;
}

function schedule(deliveries: readonly FannedOut[], pins: Pins): Fragment {
  const isNeeded = deliveries.some(({ result }) => (result?.state ?? "PENDING") === "PENDING");
  if (!isNeeded) return absent;
  const placed = deliveries.flatMap(({ delivery: { uuid, place } }) =>
    place ? [{ uuid, ...place }] : [],
  );
  if (placed.length > 0) return orderedSchedule(placed, pins);
  const ctes = sql`, new_schedule as (
      insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count, class${pins.columns})
      select held.partition, d.webhook_id, d.next_attempt_at, d.id, d.day, d.event_id,
        d.workspace_id, d.attempt_count, least(d.attempt_count, 1)${pins.scheduled}
      from new_delivery d, held where d.state = 'PENDING'
    )`;
  return { name: "open", ctes };
}

/** Those that stand in order wait until the partition's owner frees them. */
function orderedSchedule(
  placed: readonly (Place & { readonly uuid: string })[],
  pins: Pins,
): Fragment {
  const ctes = sql`, new_schedule as (
      insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count, class, ordering_key, sequence, ready_at${pins.columns})
      select held.partition, d.webhook_id,
        case when o.key is null then d.next_attempt_at else 'infinity' end, d.id, d.day, d.event_id,
        d.workspace_id, d.attempt_count, least(d.attempt_count, 1), o.key, o.sequence,
        case when o.key is not null then d.next_attempt_at end${pins.scheduled}
      from new_delivery d cross join held
      left join unnest(${uuids(placed.map(({ uuid }) => uuid))}::uuid[],
        ${texts(placed.map(({ key }) => key))}::text[],
        ${bigints(placed.map(({ sequence }) => sequence))}::bigint[]) as o (id, key, sequence)
        on o.id = d.id
      where d.state = 'PENDING'
    )`;
  return { name: "ordered", ctes };
}

function parked({ held, parked: records }: FanOut): Fragment {
  if (records.length === 0) return absent;
  const ctes = sql`, new_parked as (
      insert into delivery.parked_record (partition, log_offset, value, error)
      select ${held.partition}, p.log_offset, p.value, p.error
      from unnest(${records.map((p) => p.offset.toString())}::bigint[],
        ${byteStrings(records.map((p) => p.value))}::bytea[],
        ${texts(records.map((p) => p.error))}::text[]) as p (log_offset, value, error)
      where exists (select from moved)
      on conflict do nothing
    )`;
  return { name: "parked", ctes };
}

/** Tells which of these events are stored already. Days and UUIDs stand side by side. */
export async function listStoredEvents(
  db: Kysely<Database>,
  day: string,
  eventUuids: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`/*stored-events*/
    select id from delivery.event where day = ${day}::date
      and id = any(${uuids(eventUuids)}::uuid[])`.execute(db);
  return rows.map(({ id }) => id);
}
