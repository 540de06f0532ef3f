import { dayOf, idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Delivery, StoredState, Trigger } from "../domain/delivery.ts";
import type { EnvelopePin } from "../domain/envelope.ts";
import { type Cursor, isBefore, microseconds, type Page, toPage } from "./cursor.ts";
import type { Database } from "./database.ts";
import { toConnectionId } from "./origins.ts";

/** Which deliveries to list; what is undefined does not narrow. Ids are UUIDs. */
export interface DeliveryFilter {
  readonly webhookUuids?: readonly string[] | undefined;
  readonly deliveryUuid?: string | undefined;
  readonly eventUuid?: string | undefined;
  readonly eventType?: string | undefined;
  readonly eventTypePrefix?: string | undefined;
  readonly state?: StoredState | undefined;
  readonly statusCode?: number | undefined;
  readonly connectionUuid?: string | undefined;
  readonly after?: Date | undefined;
  readonly before?: Date | undefined;
}

/** Lists a workspace's deliveries, newest first. */
export async function listDeliveries(
  db: Kysely<Database>,
  workspaceUuid: string,
  filter: DeliveryFilter,
  page: { cursor: Cursor | undefined; sizeMax: number },
): Promise<Page<Delivery>> {
  let query = db
    .selectFrom("delivery")
    .selectAll()
    .select(microseconds("created_at").as("at_us"))
    .where("workspace_id", "=", workspaceUuid)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.sizeMax + 1);
  if (filter.webhookUuids) query = query.where("webhook_id", "in", [...filter.webhookUuids, nil]);
  if (filter.deliveryUuid !== undefined) {
    query = query
      .where("id", "=", filter.deliveryUuid)
      .where("day", "=", dayOf(filter.deliveryUuid));
  }
  if (filter.eventUuid !== undefined) {
    query = query
      .where("event_id", "=", filter.eventUuid)
      .where("day", "=", dayOf(filter.eventUuid));
  }
  if (filter.eventType !== undefined) query = query.where("event_type", "=", filter.eventType);
  if (filter.eventTypePrefix !== undefined)
    query = query.where(sql<boolean>`starts_with(event_type, ${filter.eventTypePrefix})`);
  if (filter.state !== undefined) query = query.where("state", "=", filter.state);
  if (filter.statusCode !== undefined)
    query = query.where("last_status_code", "=", filter.statusCode);
  if (filter.connectionUuid !== undefined)
    query = query.where("connection_id", "=", filter.connectionUuid);
  if (filter.after !== undefined) query = query.where("created_at", ">=", filter.after);
  if (filter.before !== undefined) query = query.where("created_at", "<", filter.before);
  if (page.cursor !== undefined) query = query.where(isBefore("created_at", "id", page.cursor));
  return toPage(await query.execute(), page.sizeMax, fromRow);
}

/** Keeps `in ()` valid when the list is empty; no webhook has this id. */
const nil = "00000000-0000-0000-0000-000000000000";

/** Gets a delivery of the workspace by its id; undefined when there is none or it is no id. */
export async function getDelivery(
  db: Kysely<Database>,
  workspaceUuid: string,
  id: string,
): Promise<Delivery | undefined> {
  const uuid = idToUuid("dlv", id);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("delivery")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("day", "=", dayOf(uuid))
    .where("id", "=", uuid)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** The channel that wakes a partition's owner; payload `<partition> <webhook> <workspace>`. */
export const dueChannel = "posthorn_due";

/** A further delivery of an event that is stored. Ids are UUIDs. */
export interface FurtherDelivery {
  readonly uuid: string;
  readonly triggerUuid: string;
  readonly trigger: Trigger;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly eventUuid: string;
  /** Whether it has to keep its place behind what waits for its webhook. */
  readonly isOrdered: boolean;
  /** The envelope that it keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
}

/**
 * Makes a further delivery of a stored event, due at once, and wakes the partition's owner.
 * Undefined when the event's body is gone.
 */
export async function insertFurtherDelivery(
  db: Kysely<Database>,
  further: FurtherDelivery,
): Promise<Delivery | undefined> {
  const { rows } = await sql<Selectable<Database["delivery"]>>`
    with event as (
      select day, id, workspace_id, partition, type, ordering_key, connection_id
      from delivery.event
      where workspace_id = ${further.workspaceUuid} and day = ${dayOf(further.eventUuid)}
        and id = ${further.eventUuid} and octet_length(data) > 0
    ), made as (
      insert into delivery.delivery (day, id, workspace_id, partition, webhook_id, event_id,
        event_type, trigger, trigger_id, state, next_attempt_at, created_at, envelope_revision,
        payload_version, connection_id)
      select day, ${further.uuid}, workspace_id, partition, ${further.webhookUuid}, id, type,
        ${further.trigger}, ${further.triggerUuid}, 'PENDING', now(), now(),
        ${further.pin?.revision ?? "0"}, ${further.pin?.version ?? ""}, connection_id
      from event
      returning *
    ), due as (
      insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count, ordering_key, sequence, ready_at, envelope_revision,
        payload_version)
      select m.partition, m.webhook_id, case when o.sequence is null then now() else 'infinity' end,
        m.id, m.day, m.event_id, m.workspace_id, 0,
        case when o.sequence is not null then e.ordering_key end, o.sequence, now(),
        nullif(m.envelope_revision, 0), nullif(m.payload_version, '')
      from made m cross join event e
      left join (select p.partition, p.next_offset as sequence from delivery.progress p
        where ${further.isOrdered}) o on o.partition = m.partition
    )
    select made.*, pg_notify(${dueChannel},
      made.partition || ' ' || made.webhook_id || ' ' || made.workspace_id)
    from made`.execute(db);
  const row = rows[0];
  return row && fromRow(row);
}

/** The channel that tells a partition's owner of a cancellation; payload `<partition> <delivery> <webhook>`. */
export const cancelChannel = "posthorn_cancel";

/** Ends a pending delivery as CANCELED. Gives it as it is then; undefined when it had ended. */
export async function cancelDelivery(
  db: Kysely<Database>,
  workspaceUuid: string,
  id: string,
): Promise<Delivery | undefined> {
  const uuid = idToUuid("dlv", id);
  if (uuid === undefined) return undefined;
  const { rows } = await sql<Selectable<Database["delivery"]>>`
    with changed as (
      update delivery.delivery set state = 'CANCELED', state_reason = 'CANCELED_BY_USER',
        next_attempt_at = null
      where workspace_id = ${workspaceUuid} and day = ${dayOf(uuid)} and id = ${uuid}
        and state = 'PENDING'
      returning *
    ), unscheduled as (
      delete from delivery.schedule where delivery_id in (select id from changed)
    )
    select changed.*, pg_notify(${cancelChannel},
      changed.partition || ' ' || changed.id || ' ' || changed.webhook_id)
    from changed`.execute(db);
  const row = rows[0];
  return row && fromRow(row);
}

function fromRow(row: Selectable<Database["delivery"]>): Delivery {
  return {
    id: uuidToId("dlv", row.id),
    eventId: uuidToId("evt", row.event_id),
    eventType: row.event_type,
    webhookId: uuidToId("wh", row.webhook_id),
    state: row.state as StoredState, // the table's check
    stateReason: row.state_reason,
    trigger: row.trigger as Trigger, // the table's check
    attemptCount: row.attempt_count,
    failureCount: row.failure_count,
    matchedBy: row.matched_by,
    nextAttemptAt: row.next_attempt_at ?? undefined,
    createdAt: row.created_at,
    pin: toPin(row),
    connectionId: toConnectionId(row),
  };
}

/** Reads the envelope that a delivery keeps; undefined for the default one. */
export function toPin(row: {
  readonly envelope_revision: string;
  readonly payload_version: string;
}): EnvelopePin | undefined {
  if (row.payload_version === "") return undefined;
  return { revision: row.envelope_revision, version: row.payload_version };
}
