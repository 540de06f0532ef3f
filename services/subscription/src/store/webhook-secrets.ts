import { uuidToId } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";
import type { WebhookKey } from "./webhooks.ts";

/** Inserts the present secret of a webhook, at the webhook's version that brings it. */
export async function insertSecret(
  db: Kysely<Database>,
  { workspaceId, webhookId, version }: WebhookKey & { version: bigint },
  sealed: Uint8Array,
): Promise<void> {
  await db
    .insertInto("webhook_secret")
    .values({ ...toKey({ workspaceId, webhookId }), version, sealed, expire_at: null })
    .execute();
}

/**
 * Makes all secrets of a webhook end: after `overlapMs` at the latest, those that were to end
 * sooner as they were; at once with 0. What has ended is deleted. Gives how many still sign.
 */
export async function retireSecrets(
  db: Kysely<Database>,
  { workspaceId, webhookId }: WebhookKey,
  overlapMs: number,
): Promise<number> {
  const key = toKey({ workspaceId, webhookId });
  const endsAt = sql<Date>`now() + ${overlapMs}::bigint * interval '1 millisecond'`;
  const kept = await db
    .updateTable("webhook_secret")
    .set({ expire_at: sql<Date>`least(expire_at, ${endsAt})` })
    .where("workspace_id", "=", key.workspace_id)
    .where("webhook_id", "=", key.webhook_id)
    .returning(sql<boolean>`expire_at > now()`.as("signs"))
    .execute();
  await db
    .deleteFrom("webhook_secret")
    .where("workspace_id", "=", key.workspace_id)
    .where("webhook_id", "=", key.webhook_id)
    .where("expire_at", "<=", sql<Date>`now()`)
    .execute();
  return kept.filter((row) => row.signs).length;
}

/** Gives the sealed secrets that sign now, newest first, by webhook id. */
export async function listSecrets(
  db: Kysely<Database>,
  { workspaceId, webhookIds }: { workspaceId: string; webhookIds: readonly string[] },
): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const ids = webhookIds.map((id) => requireUuid("wh", id));
  const rows = await db
    .selectFrom("webhook_secret")
    .select(["webhook_id", "sealed"])
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("webhook_id", "=", sql<string>`any(${ids}::uuid[])`)
    .where((eb) => eb.or([eb("expire_at", "is", null), eb("expire_at", ">", sql<Date>`now()`)]))
    .orderBy("version", "desc")
    .execute();
  const byWebhook = Map.groupBy(rows, (row) => uuidToId("wh", row.webhook_id));
  return new Map([...byWebhook].map(([id, found]) => [id, found.map((row) => row.sealed)]));
}

function toKey({ workspaceId, webhookId }: WebhookKey) {
  return {
    workspace_id: requireUuid("ws", workspaceId),
    webhook_id: requireUuid("wh", webhookId),
  };
}
