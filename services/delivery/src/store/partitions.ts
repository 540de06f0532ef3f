import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";

/** Makes the rows of partitions 0 to count - 1 where they are missing. */
export async function insertPartitions(db: Kysely<Database>, count: number): Promise<void> {
  const last = count - 1;
  await sql`insert into delivery.partition (id) select generate_series(0, ${last}::integer)
    on conflict do nothing`.execute(db);
  await sql`insert into delivery.progress (partition) select generate_series(0, ${last}::integer)
    on conflict do nothing`.execute(db);
}

/**
 * Takes a partition's lease when nobody holds it, or the same owner does (an earlier life of this
 * process). Gives the new epoch; undefined while another holds it.
 */
export async function claimPartition(
  db: Kysely<Database>,
  claim: { partition: number; owner: string; leaseMs: number },
): Promise<string | undefined> {
  const { rows } = await sql<{ epoch: string }>`
    update delivery.partition
    set owner = ${claim.owner}, epoch = epoch + 1,
      lease_until = clock_timestamp() + ${claim.leaseMs}::integer * interval '1 millisecond'
    where id = ${claim.partition}
      and (owner is null or owner = ${claim.owner} or lease_until < clock_timestamp())
    returning epoch`.execute(db);
  return rows[0]?.epoch;
}

/** A partition held under an epoch. */
export interface Held {
  readonly partition: number;
  readonly epoch: string;
}

/** Lengthens the leases that are still held under their epoch. Gives the partitions that are. */
export async function renewLeases(
  db: Kysely<Database>,
  held: readonly Held[],
  leaseMs: number,
): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number }>`
    update delivery.partition p
    set lease_until = clock_timestamp() + ${leaseMs}::integer * interval '1 millisecond'
    from unnest(${held.map((h) => h.partition)}::integer[], ${held.map((h) => h.epoch)}::bigint[])
      as h (id, epoch)
    where p.id = h.id and p.epoch = h.epoch
    returning p.id`.execute(db);
  return new Set(rows.map((row) => row.id));
}

/** Gives a lease up, unless it is held under a later epoch by now. */
export async function releasePartition(db: Kysely<Database>, held: Held): Promise<void> {
  await sql`update delivery.partition set owner = null, lease_until = '-infinity'
    where id = ${held.partition} and epoch = ${held.epoch}`.execute(db);
}

/** Gives the offset up to which a partition's records have been fanned out. */
export async function getNextOffset(db: Kysely<Database>, partition: number): Promise<bigint> {
  const row = await db
    .selectFrom("progress")
    .select("next_offset")
    .where("partition", "=", partition)
    .executeTakeFirst();
  return BigInt(row?.next_offset ?? 0);
}
