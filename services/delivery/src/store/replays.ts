import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { DeliverySelection, Replay, ReplayFilter, ReplayState } from "../domain/replay.ts";
import { type Cursor, isBefore, microseconds, type Page, toPage } from "./cursor.ts";
import type { Database } from "./database.ts";

/** The channel that wakes a partition's owner for a replay; payload: the replay's UUID. */
export const replayChannel = "posthorn_replay";

/** A replay to be made. Ids are UUIDs. */
export interface NewReplay {
  readonly uuid: string;
  readonly workspaceUuid: string;
  readonly partition: number;
  readonly webhookUuid: string | undefined;
  readonly toWebhookUuid: string | undefined;
  readonly filter: ReplayFilter;
  readonly selection: DeliverySelection;
  readonly after: Date;
  readonly before: Date;
  readonly perSecond: number;
  /** Where the partition's log ended: it begins when fan-out has come there. */
  readonly logEnd: bigint;
}

/**
 * Makes a replay and wakes the partition's owner. Undefined when the workspace has `countMax` that
 * have not ended; two calls at once may make one more.
 */
export async function insertReplay(
  db: Kysely<Database>,
  replay: NewReplay,
  countMax: number,
): Promise<Replay | undefined> {
  const { rows } = await sql<Selectable<Database["replay"]>>`
    with made as (
      insert into delivery.replay (id, workspace_id, partition, webhook_id, to_webhook_id, filter,
        selection, after_at, before_at, per_second, log_end, state, cursor_at, cursor_id)
      select ${replay.uuid}, ${replay.workspaceUuid}, ${replay.partition}, ${replay.webhookUuid},
        ${replay.toWebhookUuid}, ${replay.filter}, ${JSON.stringify(replay.selection)},
        ${replay.after}, ${replay.before}, ${replay.perSecond}, ${replay.logEnd.toString()},
        'RUNNING', ${replay.after}, '00000000-0000-0000-0000-000000000000'
      where (select count(*) from delivery.replay
        where partition = ${replay.partition} and workspace_id = ${replay.workspaceUuid}
          and not is_settled) < ${countMax}::integer
      returning *
    )
    select made.*, pg_notify(${replayChannel}, made.id::text) from made`.execute(db);
  const row = rows[0];
  return row && toReplay(row);
}

/** Gets a replay of the workspace by its id; undefined when there is none or it is no id. */
export async function getReplay(
  db: Kysely<Database>,
  workspaceUuid: string,
  id: string,
): Promise<Replay | undefined> {
  const uuid = idToUuid("rpl", id);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("replay")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("id", "=", uuid)
    .executeTakeFirst();
  return row && toReplay(row);
}

/** Lists a workspace's replays, newest first; those of one webhook's events if it is given. */
export async function listReplays(
  db: Kysely<Database>,
  workspaceUuid: string,
  filter: { readonly webhookUuid: string | undefined },
  page: { cursor: Cursor | undefined; sizeMax: number },
): Promise<Page<Replay>> {
  let query = db
    .selectFrom("replay")
    .selectAll()
    .select(microseconds("created_at").as("at_us"))
    .where("workspace_id", "=", workspaceUuid)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.sizeMax + 1);
  if (filter.webhookUuid !== undefined) query = query.where("webhook_id", "=", filter.webhookUuid);
  if (page.cursor !== undefined) query = query.where(isBefore("created_at", "id", page.cursor));
  return toPage(await query.execute(), page.sizeMax, toReplay);
}

/** A change of a replay's state by a user's word. */
export interface ReplayChange {
  readonly from: readonly ReplayState[];
  readonly to: ReplayState;
  readonly reason: string;
}

/**
 * Changes a replay's state and wakes the partition's owner, who acts on it. Gives it as it is
 * then; undefined when there is none in one of the states to change from.
 */
export async function updateReplayState(
  db: Kysely<Database>,
  key: { readonly workspaceUuid: string; readonly id: string },
  { from, to, reason }: ReplayChange,
): Promise<Replay | undefined> {
  const { rows } = await sql<Selectable<Database["replay"]>>`
    with changed as (
      update delivery.replay set state = ${to}, state_reason = ${reason}, updated_at = now(),
        ended_at = case when ${to} = 'CANCELED' then now() end
      where workspace_id = ${key.workspaceUuid} and id = ${idToUuid("rpl", key.id) ?? null}
        and state = any (${from}::text[])
      returning *
    )
    select changed.*, pg_notify(${replayChannel}, changed.id::text) from changed`.execute(db);
  const row = rows[0];
  return row && toReplay(row);
}

/** Deletes replays that ended before a time. */
export async function deleteOldReplays(db: Kysely<Database>, before: Date): Promise<void> {
  await db
    .deleteFrom("replay")
    .where("is_settled", "=", true)
    .where("ended_at", "<", before)
    .execute();
}

/** Turns a row into a replay. */
export function toReplay(row: Selectable<Database["replay"]>): Replay {
  return {
    id: uuidToId("rpl", row.id),
    webhookId: row.webhook_id === null ? undefined : uuidToId("wh", row.webhook_id),
    toWebhookId: row.to_webhook_id === null ? undefined : uuidToId("wh", row.to_webhook_id),
    filter: row.filter as ReplayFilter, // the table's check
    selection: JSON.parse(row.selection) as DeliverySelection, // written by us
    after: row.after_at,
    before: row.before_at,
    perSecond: row.per_second,
    state: row.state as ReplayState, // the table's check
    stateReason: row.state_reason,
    progressAt: row.is_scanned ? row.before_at : row.cursor_at,
    isScanned: row.is_scanned,
    matchedCount: row.matched_count,
    createdCount: row.created_count,
    succeededCount: row.succeeded_count,
    failedCount: row.failed_count,
    canceledCount: row.canceled_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined,
  };
}
