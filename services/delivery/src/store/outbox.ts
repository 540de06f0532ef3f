import type { Kysely } from "kysely";
import type { Database } from "./database.ts";

/** What delivery asks of subscription. Ids are UUIDs. */
export interface Notice {
  readonly id: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly webhookVersion: string;
}

/** Reads the oldest notices. Two relays may read the same one: acting on it is idempotent. */
export async function listNotices(db: Kysely<Database>, countMax: number): Promise<Notice[]> {
  const rows = await db.selectFrom("outbox").selectAll().orderBy("id").limit(countMax).execute();
  return rows.map((row) => ({
    id: row.id,
    workspaceUuid: row.workspace_id,
    webhookUuid: row.webhook_id,
    webhookVersion: row.webhook_version,
  }));
}

/** Deletes notices that have been acted on. */
export async function deleteNotices(db: Kysely<Database>, ids: readonly string[]): Promise<void> {
  await db
    .deleteFrom("outbox")
    .where("id", "in", [...ids])
    .execute();
}
