import { AppError } from "@posthorn/errors";
import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";

/** One partition of one log; a topic that was made anew is another log. */
export interface LogPartition {
  readonly topic: string;
  readonly partition: number;
  readonly logId: string;
}

/**
 * Throws `precondition` when an offset of this topic belongs to another log: reading on would take the offsets
 * of one log for those of another, and lose what the old one still holds.
 */
export async function checkLog(
  db: Kysely<Database>,
  { topic, logId }: { topic: string; logId: string },
): Promise<void> {
  const other = await db
    .selectFrom("consumer_offset")
    .select("log_id")
    .where("topic", "=", topic)
    .where("log_id", "!=", logId)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined) return;
  throw new AppError(
    "precondition",
    `the offsets of ${topic} in this database belong to the log ${other.log_id}, not to ${logId}: ` +
      "start once more with the old log until nothing of it is unread, then run " +
      `"delete from ingestion.consumer_offset where topic = '${topic}'"`,
  );
}

/** Gives the next offset to read; a partition that was never read starts at 0. Throws like `checkLog`. */
export async function startOffset(
  db: Kysely<Database>,
  { topic, partition, logId }: LogPartition,
): Promise<bigint> {
  await db
    .insertInto("consumer_offset")
    .values({ topic, partition, log_id: logId, next_offset: "0" })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db
    .selectFrom("consumer_offset")
    .select(["log_id", "next_offset"])
    .where("topic", "=", topic)
    .where("partition", "=", partition)
    .executeTakeFirstOrThrow();
  if (row.log_id !== logId) await checkLog(db, { topic, logId });
  return BigInt(row.next_offset);
}

/**
 * Moves the offset from `from` to `to`. False when it does not stand at `from`, or not in this
 * log: another reader has moved it, and nothing was changed.
 */
export async function moveOffset(
  db: Kysely<Database>,
  { topic, partition, logId }: LogPartition,
  { from, to }: { from: bigint; to: bigint },
): Promise<boolean> {
  const result = await db
    .updateTable("consumer_offset")
    .set({ next_offset: to.toString(), updated_at: sql`now()` })
    .where("topic", "=", topic)
    .where("partition", "=", partition)
    .where("log_id", "=", logId)
    .where("next_offset", "=", from.toString())
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Gives the next offsets of a topic by partition, as far as it was read. */
export async function listOffsets(
  db: Kysely<Database>,
  topic: string,
): Promise<ReadonlyMap<number, bigint>> {
  const rows = await db
    .selectFrom("consumer_offset")
    .select(["partition", "next_offset"])
    .where("topic", "=", topic)
    .execute();
  return new Map(rows.map((row) => [row.partition, BigInt(row.next_offset)]));
}
