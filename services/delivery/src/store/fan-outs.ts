import { type Kysely, sql } from "kysely";
import { packed, plainArray, timeArray } from "./arrays.ts";
import type { Database } from "./database.ts";
import type { Held } from "./partitions.ts";

/** An event to be stored. Ids are UUIDs. */
export interface NewEvent {
  readonly uuid: string;
  readonly day: string;
  readonly workspaceUuid: string;
  readonly provider: string;
  readonly type: string;
  readonly data: Uint8Array;
  /** RFC 3339, as precise as the publisher gave it. */
  readonly time: string;
  readonly acceptedAt: Date;
  readonly orderingKey: string;
  readonly traceparent: string;
  /** JSON array of `{"webhook", "reason"}`. */
  readonly skipped: string;
}

/** A delivery that an event makes. Ids are UUIDs. */
export interface NewDelivery {
  readonly uuid: string;
  readonly event: NewEvent;
  readonly webhookUuid: string;
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
  readonly deliveries: readonly NewDelivery[];
  readonly parked: readonly ParkedRecord[];
}

/**
 * Stores events, their deliveries with a schedule, what was parked, and the new offset, all or
 * none, in one statement. Events that are there already are left out with their deliveries.
 *
 * Gives the UUIDs of the events that are new and the time that their deliveries are due at (the
 * database's); undefined when the lease or the offset is no longer ours: then nothing was written.
 */
export async function insertFanOut(
  db: Kysely<Database>,
  fanOut: FanOut,
): Promise<{ eventUuids: ReadonlySet<string>; at: Date } | undefined> {
  const { held, events, deliveries, parked } = fanOut;
  const data = packed(events.map((event) => event.data));
  const { rows } = await sql<{ moved: boolean; events: string[] | null; at: Date }>`/*fan-out*/
    with held as (
      select 1 from delivery.partition where id = ${held.partition} and epoch = ${held.epoch}
      for share
    ), moved as (
      update delivery.progress set next_offset = ${fanOut.toOffset.toString()}
      where partition = ${held.partition} and next_offset = ${fanOut.fromOffset.toString()}
        and exists (select from held)
      returning 1
    ), new_event as (
      insert into delivery.event (day, id, workspace_id, partition, provider, type, data,
        event_time, accepted_at, ordering_key, traceparent, skipped)
      select e.day, e.id, e.workspace_id, ${held.partition}, e.provider, e.type,
        substr(${data.bytes}::bytea, e.data_from, e.data_length), e.event_time, e.accepted_at,
        e.ordering_key, e.traceparent, e.skipped
      from unnest(${plainArray(events.map((e) => e.day))}::date[],
        ${plainArray(events.map((e) => e.uuid))}::uuid[],
        ${plainArray(events.map((e) => e.workspaceUuid))}::uuid[],
        ${events.map((e) => e.provider)}::text[], ${events.map((e) => e.type)}::text[],
        ${data.from}::integer[], ${data.length}::integer[], ${events.map((e) => e.time)}::text[],
        ${timeArray(events.map((e) => e.acceptedAt))}::timestamptz[],
        ${events.map((e) => e.orderingKey)}::text[], ${events.map((e) => e.traceparent)}::text[],
        ${events.map((e) => e.skipped)}::text[])
        as e (day, id, workspace_id, provider, type, data_from, data_length, event_time,
          accepted_at, ordering_key, traceparent, skipped)
      where exists (select from moved)
      on conflict do nothing
      returning id
    ), new_delivery as (
      insert into delivery.delivery (day, id, workspace_id, partition, webhook_id, event_id,
        event_type, trigger, trigger_id, state, next_attempt_at, created_at)
      select d.day, d.id, d.workspace_id, ${held.partition}, d.webhook_id, d.event_id,
        d.event_type, 'EVENT', '00000000-0000-0000-0000-000000000000', 'PENDING', now(), now()
      from unnest(${plainArray(deliveries.map((d) => d.event.day))}::date[],
        ${plainArray(deliveries.map((d) => d.uuid))}::uuid[],
        ${plainArray(deliveries.map((d) => d.event.workspaceUuid))}::uuid[],
        ${plainArray(deliveries.map((d) => d.webhookUuid))}::uuid[],
        ${plainArray(deliveries.map((d) => d.event.uuid))}::uuid[],
        ${deliveries.map((d) => d.event.type)}::text[])
        as d (day, id, workspace_id, webhook_id, event_id, event_type)
      where d.event_id in (select id from new_event)
      returning id, day, workspace_id, webhook_id, event_id
    ), new_schedule as (
      insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count)
      select ${held.partition}, webhook_id, now(), id, day, event_id, workspace_id, 0
      from new_delivery
    ), new_parked as (
      insert into delivery.parked_record (partition, log_offset, value, error)
      select ${held.partition}, p.log_offset, p.value, p.error
      from unnest(${parked.map((p) => p.offset.toString())}::bigint[],
        ${parked.map((p) => p.value)}::bytea[], ${parked.map((p) => p.error)}::text[])
        as p (log_offset, value, error)
      where exists (select from moved)
      on conflict do nothing
    )
    select exists (select from moved) as moved, (select array_agg(id::text) from new_event) as events,
      now() as at`.execute(db);
  const row = rows[0];
  if (!row?.moved) return undefined;
  return { eventUuids: new Set(row.events ?? []), at: row.at };
}
