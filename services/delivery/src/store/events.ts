import { dayOf, idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { Skipped } from "../domain/match.ts";
import { texts } from "./arrays.ts";
import { type Cursor, isBefore, microseconds, type Page, toPage } from "./cursor.ts";
import type { Database } from "./database.ts";
import { toOrigin } from "./origins.ts";
import { readSkipped } from "./skipped.ts";

/** The channel that tells watchers of stored events; payload `<workspace> <event>`, UUIDs. */
export const eventChannel = "posthorn_event";

/** An accepted event, as stored. */
export interface StoredEvent extends EventOrigin {
  readonly id: string;
  readonly type: string;
  /** JSON text, as published. */
  readonly data: Buffer;
  /** RFC 3339, as precise as the publisher gave it. */
  readonly time: string;
  readonly orderingKey: string;
  readonly acceptedAt: Date;
  /** When it is to be sent, as published; undefined for at once. */
  readonly deliverAt: Date | undefined;
  /** Webhooks that subscribe the type and got no delivery: the first of them. */
  readonly skipped: readonly Skipped[];
  readonly skippedCount: number;
  /** Whether the first sync of its connection withholds it from all, for good. */
  readonly isInFirstSync: boolean;
}

/** Gets an event of the workspace by its id; undefined when there is none or it is no id. */
export async function getEvent(
  db: Kysely<Database>,
  workspaceUuid: string,
  id: string,
): Promise<StoredEvent | undefined> {
  const uuid = idToUuid("evt", id);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("event")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("day", "=", dayOf(uuid))
    .where("id", "=", uuid)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Which events to list; what is undefined does not narrow. */
export interface EventFilter {
  readonly type?: string | undefined;
  readonly after?: Date | undefined;
  readonly before?: Date | undefined;
}

/** Lists a workspace's events, newest first, without those made by tests. */
export async function listEvents(
  db: Kysely<Database>,
  workspaceUuid: string,
  filter: EventFilter,
  page: { cursor: Cursor | undefined; sizeMax: number },
): Promise<Page<StoredEvent>> {
  let query = db
    .selectFrom("event")
    .selectAll()
    .select(microseconds("accepted_at").as("at_us"))
    .where("workspace_id", "=", workspaceUuid)
    .where("is_test", "=", false)
    .orderBy("accepted_at", "desc")
    .orderBy("id", "desc")
    .limit(page.sizeMax + 1);
  if (filter.type !== undefined) query = query.where("type", "=", filter.type);
  if (filter.after !== undefined) query = query.where("accepted_at", ">=", filter.after);
  if (filter.before !== undefined) query = query.where("accepted_at", "<", filter.before);
  if (page.cursor !== undefined) query = query.where(isBefore("accepted_at", "id", page.cursor));
  return toPage(await query.execute(), page.sizeMax, fromRow);
}

/** Tells all processes of events that have been stored. */
export async function tellOfEvents(
  db: Kysely<Database>,
  events: readonly { readonly workspaceUuid: string; readonly uuid: string }[],
): Promise<void> {
  const payloads = events.map(({ workspaceUuid, uuid }) => `${workspaceUuid} ${uuid}`);
  await sql`select pg_notify(${eventChannel}, w.payload)
    from unnest(${texts(payloads)}::text[]) as w (payload)`.execute(db);
}

function fromRow(row: Selectable<Database["event"]>): StoredEvent {
  return {
    id: uuidToId("evt", row.id),
    type: row.type,
    data: row.data,
    time: row.event_time,
    orderingKey: row.ordering_key,
    acceptedAt: row.accepted_at,
    deliverAt: row.deliver_at ?? undefined,
    ...readSkipped(row.skipped),
    ...toOrigin(row),
    isInFirstSync: row.in_first_sync,
  };
}
