import { AppError } from "@posthorn/errors";
import type { Kysely } from "kysely";
import type { Database } from "./database.ts";

/** A log as offsets remember it. */
export interface LogIdentity {
  readonly logId: string;
  readonly partitionCount: number;
}

/**
 * Remembers the log that the offsets of this database belong to, or throws `precondition` when they belong to
 * another one: reading on there would lose what the old log still holds.
 */
export async function checkLog(
  db: Kysely<Database>,
  topic: string,
  identity: LogIdentity,
): Promise<void> {
  await db
    .insertInto("log")
    .values({ topic, log_id: identity.logId, partition_count: identity.partitionCount })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db
    .selectFrom("log")
    .selectAll()
    .where("topic", "=", topic)
    .executeTakeFirstOrThrow();
  if (row.log_id === identity.logId && row.partition_count === identity.partitionCount) return;
  throw new AppError(
    "precondition",
    `the offsets in this database belong to another log of ${topic} ` +
      `(${row.log_id} with ${row.partition_count} partitions, not ${identity.logId} with ` +
      `${identity.partitionCount}): start once more with the old log until nothing is unread, ` +
      "then delete the row of delivery.log and set delivery.progress.next_offset to 0",
  );
}
