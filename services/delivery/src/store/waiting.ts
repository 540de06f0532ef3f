import { type Kysely, sql } from "kysely";
import type { LaneFacts } from "../domain/waiting-for.ts";
import type { Database } from "./database.ts";

/** What open deliveries of a partition may wait for, as far as rows tell. */
export interface PartitionFacts {
  /** The database's time. */
  readonly now: Date;
  /** Whether a process owns the partition. */
  readonly isOwned: boolean;
  /** By the webhook's UUID; those of which nothing is kept are left out. */
  readonly lanes: ReadonlyMap<string, LaneFacts>;
}

/** Reads what deliveries of these webhooks (UUIDs) may wait for. */
export async function getPartitionFacts(
  db: Kysely<Database>,
  partition: number,
  webhookUuids: readonly string[],
): Promise<PartitionFacts> {
  const owner = await sql<{ now: Date; is_owned: boolean }>`
    select clock_timestamp() as now, owner is not null and lease_until > clock_timestamp() as is_owned
    from delivery.partition where id = ${partition}`.execute(db);
  const lanes = await db
    .selectFrom("lane")
    .select(["webhook_id", "blocked_until", "breaker_state", "breaker_reason", "breaker_until"])
    .where("partition", "=", partition)
    .where("webhook_id", "=", sql<string>`any(${webhookUuids}::uuid[])`)
    .execute();
  const [row] = owner.rows;
  return {
    now: row?.now ?? new Date(),
    isOwned: row?.is_owned ?? false,
    lanes: new Map(lanes.map((lane) => [lane.webhook_id, toFacts(lane)])),
  };
}

function toFacts(row: {
  /** Minus infinity, which is a number, when it never was blocked. */
  blocked_until: Date | number;
  breaker_state: string;
  breaker_reason: string;
  breaker_until: Date | null;
}): LaneFacts {
  return {
    blockedUntil: row.blocked_until instanceof Date ? row.blocked_until : undefined,
    breakerState: row.breaker_state as LaneFacts["breakerState"], // written from the union
    breakerReason: row.breaker_reason,
    breakerUntil: row.breaker_until ?? undefined,
  };
}
