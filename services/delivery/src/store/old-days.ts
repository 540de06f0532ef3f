import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";
import { dayTableName, dayTables, suffixOf } from "./days.ts";

/** How long a lock on a table that is in use is waited for; what comes meanwhile queues up. */
export const lockTimeoutMs = 200;

/** Lists the days that have a partition of event, delivery or attempt, earliest first. */
export async function listDays(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('delivery.event'::regclass, 'delivery.delivery'::regclass,
      'delivery.attempt'::regclass)`.execute(db);
  const days = rows.flatMap(({ name }) => {
    const [, year, month, day] = /_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
    return year && month && day ? [`${year}-${month}-${day}`] : [];
  });
  return [...new Set(days)].sort();
}

/**
 * Tells for which of these days nothing of an event can be sent any more: since when its bodies
 * are gone, or are no longer used.
 */
export async function listExpired(
  db: Kysely<Database>,
  days: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await sql<{ day: string; expired_at: Date }>`
    select to_char(day, 'YYYY-MM-DD') as day, expired_at from delivery.expired_day
    where day = any(${[...days]}::date[])`.execute(db);
  return new Map(rows.map((row) => [row.day, row.expired_at]));
}

/** Notes that nothing of the day's events can be sent any more. */
export async function insertExpired(db: Kysely<Database>, day: string): Promise<void> {
  await db
    .insertInto("expired_day")
    .values({ day })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Drops a day's partitions, with all that is in them. Taking one out locks its table for a moment:
 * throws what isLockTimeout knows when that cannot be had within 200 ms, so that nothing queues up
 * behind a reader that takes long; then, or after a crash, call it again.
 */
export async function deleteDay(db: Kysely<Database>, day: string): Promise<void> {
  for (const { name } of dayTables.toReversed()) {
    const partition = dayTableName(name, day);
    await db.transaction().execute(async (tx) => {
      if (!(await isAttached(tx, partition))) return;
      await sql.raw(`set local lock_timeout = '${lockTimeoutMs}ms'`).execute(tx);
      await sql.raw(`alter table delivery.${name} detach partition ${partition}`).execute(tx);
      await sql.raw(`alter table ${partition} rename to ${name}_${suffixOf(day)}_old`).execute(tx);
    });
    await dropDetached(db);
  }
  await db.deleteFrom("expired_day").where("day", "=", day).execute();
}

/**
 * Drops tables that were taken out, and copies (bodies.ts) of days that are gone: nobody reads
 * them, so their locks are in nobody's way.
 */
export async function dropDetached(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'delivery'::regnamespace and relkind = 'r'
      and (relname ~ '^(event|delivery|attempt)_[0-9]{8}_old$'
        or relname ~ '^event_[0-9]{8}_bare$'
          and to_regclass('delivery.' || left(relname, -5)) is null)`.execute(db);
  for (const { name } of rows) await sql`drop table if exists ${sql.table(name)}`.execute(db);
}

/** Tells whether a table is a partition. */
export async function isAttached(db: Kysely<Database>, partition: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select exists (
    select from pg_inherits where inhrelid = to_regclass(${partition})) as found`.execute(db);
  return rows[0]?.found === true;
}
