import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";
import type { Held } from "./partitions.ts";
import { deleteOldReplays } from "./replays.ts";

/**
 * Ends up to 1,000 waiting deliveries of a webhook as CANCELED, BODY_EXPIRED: those of events of
 * that day and before. For the partition's owner, under its epoch. Gives their UUIDs.
 */
export async function cancelExpired(
  db: Kysely<Database>,
  held: Held,
  { webhookUuid, lastDay }: { readonly webhookUuid: string; readonly lastDay: string },
): Promise<readonly string[]> {
  const { rows } = await sql<{ delivery_id: string }>`
    with held as (
      select id from delivery.partition where id = ${held.partition} and epoch = ${held.epoch}
      for share
    ), expired as (
      select s.delivery_id from delivery.schedule s, held
      where s.partition = held.id and s.webhook_id = ${webhookUuid} and s.day <= ${lastDay}::date
      limit 1000
    ), gone as (
      delete from delivery.schedule s using expired e where s.delivery_id = e.delivery_id
      returning s.day, s.delivery_id
    ), changed as (
      update delivery.delivery d
      set state = 'CANCELED', state_reason = 'BODY_EXPIRED', next_attempt_at = null
      from gone where d.day = gone.day and d.id = gone.delivery_id and d.state = 'PENDING'
    )
    select delivery_id from gone`.execute(db);
  return rows.map((row) => row.delivery_id);
}

/**
 * Deletes what was put aside before a time: records and notices that were parked, replays that have
 * ended, and the health of webhooks that nothing has been sent to since.
 */
export async function deleteLeftovers(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom("parked_record").where("created_at", "<", before).execute();
  await db.deleteFrom("notice").where("parked_at", "<", before).execute();
  await deleteOldReplays(db, before);
  await sql`delete from delivery.webhook_health
    where greatest(last_success_at, last_failure_at) < ${before}`.execute(db);
}

/** Gives the database's time. */
export async function getTime(db: Kysely<Database>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return rows[0]?.now ?? new Date();
}
