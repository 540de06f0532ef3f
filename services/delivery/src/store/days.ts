import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Database } from "./database.ts";

/**
 * A day grows by rows like those that it has, so a sample of its rows stays true for long. To take
 * one costs 0.7 s of CPU for a day's three tables, and with the settings for tables that change all
 * the time it was taken every 15 s.
 */
const grows = "autovacuum_analyze_scale_factor = 0.5, autovacuum_vacuum_insert_scale_factor = 0.5";

/**
 * A statement records results of neighbours: a page needs room for a second version of each of its
 * rows, or they move, and each gets four new index entries, which take more than the room does.
 */
const changesOnce = "fillfactor = 50";

/** The tables that lie in a partition for each day. */
export const dayTables = [
  { name: "event", settings: grows },
  { name: "delivery", settings: `${changesOnce}, ${grows}` },
  { name: "attempt", settings: grows },
];

/**
 * Makes the day's partitions of event, delivery and attempt where they are missing. Locks each
 * table for a moment, so it is done ahead of the day. Idempotent, and safe when run twice at once.
 */
export async function insertDay(db: Kysely<Database>, day: string): Promise<void> {
  const suffix = suffixOf(day);
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('delivery.day'))`.execute(tx);
    for (const { name, settings } of dayTables) {
      await sql
        .raw(
          `create table if not exists delivery.${name}_${suffix} partition of delivery.${name}
           for values from ('${day}') to ('${dayAfter(day)}') with (${settings})`,
        )
        .execute(tx);
    }
  });
}

/**
 * The partition of a table that holds one day's rows. A statement that names it touches nothing
 * else: one that changes the whole table locks and opens every day of three months.
 */
export function dayTable(
  table: "event" | "delivery" | "attempt",
  day: string,
): RawBuilder<unknown> {
  return sql.raw(dayTableName(table, day));
}

/** Names the partition of a table that holds one day's rows, with its schema. */
export function dayTableName(table: string, day: string): string {
  return `delivery.${table}_${suffixOf(day)}`;
}

/** `YYYYMMDD` of `YYYY-MM-DD`. Throws a defect for anything else. */
export function suffixOf(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new Error(`day ${day} is malformed`);
  return day.replaceAll("-", "");
}

/** Gives the day after a day, both `YYYY-MM-DD`. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
