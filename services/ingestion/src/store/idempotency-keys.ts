import { type Kysely, sql } from "kysely";
import type { ClaimedKey } from "../domain/key-claim.ts";
import type { Database } from "./database.ts";

/** Names one key. */
export interface KeyName {
  /** The workspace's UUID. */
  readonly workspaceUuid: string;
  readonly key: string;
}

/** A key that is taken, and whether its life is over, so that it may be deleted. */
export interface KeyRow extends ClaimedKey {
  readonly isExpired: boolean;
}

/** Lists what is taken of the named keys; `livesSince` is when those of today's end were made. */
export async function listKeys(
  db: Kysely<Database>,
  names: readonly KeyName[],
  livesSince: Date,
): Promise<KeyRow[]> {
  const rows = await db
    .selectFrom("idempotency_key as k")
    .innerJoin(named(names), (join) =>
      join.onRef("k.workspace_id", "=", "n.workspace_id").onRef("k.key", "=", "n.key"),
    )
    .select(["k.workspace_id", "k.key", "k.event_id", "k.body_sha256", "k.created_at"])
    .execute();
  return rows.map((row) => ({
    workspaceUuid: row.workspace_id,
    key: row.key,
    bodyHash: row.body_sha256,
    eventUuid: row.event_id,
    isExpired: row.created_at < livesSince,
  }));
}

/**
 * Inserts keys, all or none, in the order of their names so that two inserts at once cannot wait
 * for each other. Fails with a unique violation when one is taken.
 */
export async function insertKeys(
  db: Kysely<Database>,
  keys: readonly ClaimedKey[],
  createdAt: Date,
): Promise<void> {
  const sorted = keys.toSorted(byName);
  await sql`
    insert into idempotency_key (workspace_id, key, event_id, body_sha256, created_at)
    select workspace_id, key, event_id, body_sha256, ${createdAt}
    from unnest(
      ${sorted.map((key) => key.workspaceUuid)}::uuid[],
      ${sorted.map((key) => key.key)}::text[],
      ${sorted.map((key) => key.eventUuid)}::uuid[],
      ${sorted.map((key) => Buffer.from(key.bodyHash))}::bytea[]
    ) as added (workspace_id, key, event_id, body_sha256)
  `.execute(db);
}

/** Deletes the named keys as far as they were made before `livesSince`. */
export async function deleteNamedExpiredKeys(
  db: Kysely<Database>,
  names: readonly KeyName[],
  livesSince: Date,
): Promise<void> {
  await db
    .deleteFrom("idempotency_key as k")
    .using(named(names))
    .whereRef("k.workspace_id", "=", "n.workspace_id")
    .whereRef("k.key", "=", "n.key")
    .where("k.created_at", "<", livesSince)
    .execute();
}

/** Deletes up to `countMax` of the keys made before `livesSince`; gives how many it was. */
export async function deleteExpiredKeys(
  db: Kysely<Database>,
  { livesSince, countMax }: { livesSince: Date; countMax: number },
): Promise<number> {
  const result = await sql`
    delete from idempotency_key where ctid = any (array(
      select ctid from idempotency_key where created_at < ${livesSince}
      order by created_at limit ${countMax}
    ))
  `.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

function named(names: readonly KeyName[]) {
  return sql<{ workspace_id: string; key: string }>`unnest(
    ${names.map((name) => name.workspaceUuid)}::uuid[],
    ${names.map((name) => name.key)}::text[]
  )`.as<"n">(sql`n (workspace_id, key)`);
}

function byName(left: KeyName, right: KeyName): number {
  return (
    Number(left.workspaceUuid > right.workspaceUuid) -
      Number(left.workspaceUuid < right.workspaceUuid) ||
    Number(left.key > right.key) - Number(left.key < right.key)
  );
}
