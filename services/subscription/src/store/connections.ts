import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Connection, ConnectionDraft, SyncState } from "../domain/connection.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";

/** Names a connection within its workspace. */
export interface ConnectionKey {
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
  /** `conn_` + 26 characters; what is malformed names none. */
  readonly connectionId: string;
}

/** Gives a connection of a workspace; undefined when it has none by that id, or it is deleted. */
export async function getConnection(
  db: Kysely<Database>,
  { workspaceId, connectionId }: ConnectionKey,
): Promise<Connection | undefined> {
  const uuid = idToUuid("conn", connectionId);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("connection")
    .selectAll()
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", uuid)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Lists a workspace's connections, newest first; those before the id `before` if given. */
export async function listConnections(
  db: Kysely<Database>,
  {
    workspaceId,
    before,
    countMax,
  }: { workspaceId: string; before: string | undefined; countMax: number },
): Promise<Connection[]> {
  let query = db
    .selectFrom("connection")
    .selectAll()
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("deleted_at", "is", null);
  if (before !== undefined) query = query.where("id", "<", requireUuid("conn", before));
  const rows = await query.orderBy("id", "desc").limit(countMax).execute();
  return rows.map(fromRow);
}

/** Tells how many connections a workspace has; deleted ones do not count. */
export async function countConnections(db: Kysely<Database>, workspaceId: string): Promise<number> {
  const row = await db
    .selectFrom("connection")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("deleted_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/**
 * The moment of a change, not that of its transaction, which may have waited for its lock; cut to
 * milliseconds, as the times of events are, so that no event of that millisecond is before it.
 */
const thisMs = sql<Date>`date_trunc('milliseconds', clock_timestamp())`;

/** Inserts a connection, whose first sync runs. */
export async function insertConnection(
  db: Kysely<Database>,
  { workspaceId, connectionId }: ConnectionKey,
  draft: ConnectionDraft,
): Promise<Connection> {
  const row = await db
    .insertInto("connection")
    .values({
      workspace_id: requireUuid("ws", workspaceId),
      id: requireUuid("conn", connectionId),
      sync_state: "FIRST_SYNC",
      created_at: thisMs,
      updated_at: thisMs,
      ...toRow(draft),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** Writes what callers say of a connection that is there. */
export async function updateConnection(
  db: Kysely<Database>,
  key: ConnectionKey,
  draft: ConnectionDraft,
): Promise<Connection> {
  return await write(db, key, toRow(draft));
}

/** Writes that a connection's sync is at another point. */
export async function updateSyncState(
  db: Kysely<Database>,
  key: ConnectionKey,
  syncState: Exclude<SyncState, "FIRST_SYNC">,
): Promise<Connection> {
  return await write(db, key, { sync_state: syncState });
}

/** Writes that a connection's first sync is complete, as of now. */
export async function endFirstSync(
  db: Kysely<Database>,
  key: ConnectionKey,
): Promise<Connection & { readonly firstSyncCompletedAt: Date }> {
  const end = { sync_state: "SYNCED", first_sync_completed_at: thisMs };
  const connection = await write(db, key, end);
  const { firstSyncCompletedAt } = connection;
  if (firstSyncCompletedAt === undefined) throw new Error("a sync was completed without a time");
  return { ...connection, firstSyncCompletedAt };
}

/** Marks a connection that is there as deleted; gives the moment. */
export async function markDeleted(db: Kysely<Database>, key: ConnectionKey): Promise<Date> {
  const { updatedAt } = await write(db, key, { deleted_at: thisMs });
  return updatedAt;
}

async function write(
  db: Kysely<Database>,
  { workspaceId, connectionId }: ConnectionKey,
  values: object,
): Promise<Connection> {
  const row = await db
    .updateTable("connection")
    .set({ ...values, updated_at: thisMs })
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", requireUuid("conn", connectionId))
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** What publishing has to know of a connection. */
export interface KnownConnection extends ConnectionKey {
  readonly integrationName: string;
  readonly isDeleted: boolean;
  /** Undefined while its first sync runs. */
  readonly firstSyncCompletedAt: Date | undefined;
}

/** Gives those of the connections that were ever made, deleted ones too. */
export async function listKnownConnections(
  db: Kysely<Database>,
  keys: readonly ConnectionKey[],
): Promise<KnownConnection[]> {
  const uuids = keys.flatMap(({ workspaceId, connectionId }) => {
    const workspaceUuid = idToUuid("ws", workspaceId);
    const connectionUuid = idToUuid("conn", connectionId);
    return workspaceUuid && connectionUuid ? [{ workspaceUuid, connectionUuid }] : [];
  });
  if (uuids.length === 0) return [];
  const { rows } = await sql<Selectable<Database["connection"]>>`
    select c.workspace_id, c.id, c.integration_name, c.deleted_at, c.first_sync_completed_at
    from unnest(${uuids.map((it) => it.workspaceUuid)}::uuid[],
      ${uuids.map((it) => it.connectionUuid)}::uuid[]) as k (workspace_id, id)
    join subscription.connection c on c.workspace_id = k.workspace_id and c.id = k.id`.execute(db);
  return rows.map((row) => ({
    workspaceId: uuidToId("ws", row.workspace_id),
    connectionId: uuidToId("conn", row.id),
    integrationName: row.integration_name,
    isDeleted: row.deleted_at !== null,
    firstSyncCompletedAt: row.first_sync_completed_at ?? undefined,
  }));
}

/** What fan-out has to know of a connection. */
export interface SyncedConnection {
  /** `conn_` + 26 characters. */
  readonly connectionId: string;
  /** Undefined while its first sync runs. */
  readonly firstSyncCompletedAt: Date | undefined;
}

/**
 * Reads the connections of workspaces (UUIDs) whose first sync runs, or ended within 30 days, by
 * workspace; deleted ones, too, as events of theirs may still be under way.
 */
export async function readSyncedConnections(
  db: Kysely<Database>,
  workspaceUuids: readonly string[],
): Promise<ReadonlyMap<string, readonly SyncedConnection[]>> {
  const rows = await db
    .selectFrom("connection")
    .select(["workspace_id", "id", "first_sync_completed_at"])
    .where("workspace_id", "=", sql<string>`any(${[...workspaceUuids]}::uuid[])`)
    .where(
      sql<boolean>`coalesce(first_sync_completed_at, deleted_at, now()) > now() - interval '30 days'`,
    )
    .orderBy("id")
    .execute();
  const synced = rows.map((row) => ({
    workspaceUuid: row.workspace_id,
    connectionId: uuidToId("conn", row.id),
    firstSyncCompletedAt: row.first_sync_completed_at ?? undefined,
  }));
  return Map.groupBy(synced, ({ workspaceUuid }) => workspaceUuid);
}

function toRow(draft: ConnectionDraft) {
  return {
    integration_name: draft.integrationName,
    display_name: draft.displayName,
    metadata: JSON.stringify(draft.metadata),
  };
}

function fromRow(row: Selectable<Database["connection"]>): Connection {
  return {
    id: uuidToId("conn", row.id),
    integrationName: row.integration_name,
    displayName: row.display_name,
    metadata: row.metadata,
    syncState: row.sync_state as SyncState, // the table's check
    firstSyncCompletedAt: row.first_sync_completed_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
