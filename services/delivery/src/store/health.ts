import type { Kysely } from "kysely";
import type { Database } from "./database.ts";

/** How a webhook fares. */
export interface Health {
  readonly webhookUuid: string;
  /** Failed attempts since the last one that succeeded. */
  readonly consecutiveFailures: number;
  /** Undefined when none did. */
  readonly lastSuccessAt: Date | undefined;
  /** Undefined when none did. */
  readonly lastFailureAt: Date | undefined;
}

/** Lists the health of a workspace's webhooks; those that were never sent to are left out. */
export async function listHealth(
  db: Kysely<Database>,
  workspaceUuid: string,
  { partition, webhookUuids }: { partition: number; webhookUuids: readonly string[] },
): Promise<readonly Health[]> {
  if (webhookUuids.length === 0) return [];
  const rows = await db
    .selectFrom("webhook_health")
    .select(["webhook_id", "consecutive_failures", "last_success_at", "last_failure_at"])
    .where("workspace_id", "=", workspaceUuid)
    .where("partition", "=", partition)
    .where("webhook_id", "in", [...webhookUuids])
    .execute();
  return rows.map((row) => ({
    webhookUuid: row.webhook_id,
    consecutiveFailures: row.consecutive_failures,
    lastSuccessAt: row.last_success_at ?? undefined,
    lastFailureAt: row.last_failure_at ?? undefined,
  }));
}
