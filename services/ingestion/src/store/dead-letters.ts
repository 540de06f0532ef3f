import { type Kysely, type Selectable, sql } from "kysely";
import type { DeadLetter } from "../domain/dead-letter.ts";
import type { Database } from "./database.ts";

/** Records refused records; one that is there already (its record was read twice) stays. */
export async function recordDeadLetters(
  db: Kysely<Database>,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  await db
    .insertInto("dead_letter")
    .values(letters.map(toRow))
    .onConflict((conflict) => conflict.constraint("dead_letter_record_key").doNothing())
    .execute();
}

/** Lists a provider's dead letters, newest first, from the one after `beforeUuid` on. */
export async function listDeadLetters(
  db: Kysely<Database>,
  page: { provider: string; beforeUuid: string | undefined; countMax: number },
): Promise<DeadLetter[]> {
  let query = db
    .selectFrom("dead_letter")
    .selectAll()
    .where("provider", "=", page.provider)
    .orderBy("id", "desc")
    .limit(page.countMax);
  if (page.beforeUuid !== undefined) query = query.where("id", "<", page.beforeUuid);
  return (await query.execute()).map(fromRow);
}

/** Deletes up to `countMax` dead letters made before `keptSince`; gives how many it was. */
export async function deleteOldDeadLetters(
  db: Kysely<Database>,
  { keptSince, countMax }: { keptSince: Date; countMax: number },
): Promise<number> {
  const result = await sql`
    delete from dead_letter where ctid = any (array(
      select ctid from dead_letter where created_at < ${keptSince}
      order by created_at limit ${countMax}
    ))
  `.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

function toRow(letter: DeadLetter): Database["dead_letter"] {
  return {
    id: letter.uuid,
    provider: letter.provider,
    log_id: letter.logId,
    topic: letter.topic,
    partition: letter.partition,
    log_offset: letter.offset.toString(),
    reason: letter.reason,
    message: letter.message,
    value_head: Buffer.from(letter.valueHead),
    value_size: letter.valueSize,
    created_at: letter.createdAt,
  };
}

function fromRow(row: Selectable<Database["dead_letter"]>): DeadLetter {
  return {
    uuid: row.id,
    provider: row.provider,
    logId: row.log_id,
    topic: row.topic,
    partition: row.partition,
    offset: BigInt(row.log_offset),
    reason: row.reason,
    message: row.message,
    valueHead: row.value_head,
    valueSize: row.value_size,
    createdAt: row.created_at,
  };
}
