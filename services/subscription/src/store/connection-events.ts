import { uuidToId } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { ConnectionEventDraft, ConnectionEventKind } from "../domain/connection-event.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";

/** An event of a connection that waits to be published. */
export interface ConnectionEvent extends ConnectionEventDraft {
  /** Decimal; unique among them. */
  readonly rowId: string;
  readonly provider: string;
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
}

/** After so many failures, each alone, an event is parked: it stays in the table. */
const failuresMax = 3;

/** Leaves an event to be published once the transaction is committed. */
export async function insertConnectionEvent(
  db: Kysely<Database>,
  { provider, workspaceId }: Pick<ConnectionEvent, "provider" | "workspaceId">,
  event: ConnectionEventDraft,
): Promise<void> {
  await db
    .insertInto("connection_event")
    .values({
      provider,
      workspace_id: requireUuid("ws", workspaceId),
      connection_id: requireUuid("conn", event.connectionId),
      kind: event.kind,
      integration_name: event.integrationName,
      event_type: event.eventType,
      data: event.data,
      occurred_at: event.occurredAt,
    })
    .execute();
}

/** Lists the oldest events that wait and are not parked. */
export async function listConnectionEvents(
  db: Kysely<Database>,
  countMax: number,
): Promise<ConnectionEvent[]> {
  const rows = await db
    .selectFrom("connection_event")
    .selectAll()
    .where("failures", "<", failuresMax)
    .orderBy("id")
    .limit(countMax)
    .execute();
  return rows.map((row) => ({
    rowId: row.id,
    provider: row.provider,
    workspaceId: uuidToId("ws", row.workspace_id),
    connectionId: uuidToId("conn", row.connection_id),
    kind: row.kind as ConnectionEventKind, // the table's check
    integrationName: row.integration_name,
    eventType: row.event_type,
    data: row.data,
    occurredAt: row.occurred_at,
  }));
}

/** Deletes events that have been published. */
export async function deleteConnectionEvents(
  db: Kysely<Database>,
  rowIds: readonly string[],
): Promise<void> {
  await db
    .deleteFrom("connection_event")
    .where("id", "=", sql<string>`any(${[...rowIds]}::bigint[])`)
    .execute();
}

/** Notes that an event could not be published although everything runs; the third time parks it. */
export async function noteFailedEvent(
  db: Kysely<Database>,
  rowId: string,
  error: string,
): Promise<void> {
  await db
    .updateTable("connection_event")
    .set({ failures: sql<number>`failures + 1`, error: error.replaceAll("\0", "") })
    .where("id", "=", rowId)
    .execute();
}

/** Tells how many events wait, and how many are parked. */
export async function countConnectionEvents(
  db: Kysely<Database>,
): Promise<{ waiting: number; parked: number }> {
  const { rows } = await sql<{ waiting: string; parked: string }>`
    select count(*) filter (where failures < ${failuresMax}) as waiting,
      count(*) filter (where failures >= ${failuresMax}) as parked
    from subscription.connection_event`.execute(db);
  return { waiting: Number(rows[0]?.waiting ?? 0), parked: Number(rows[0]?.parked ?? 0) };
}
