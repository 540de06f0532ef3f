import { type Kysely, sql } from "kysely";
import type { Database } from "./database.ts";

const tables = [
  { name: "event", settings: "" },
  { name: "delivery", settings: "with (fillfactor = 75)" },
  { name: "attempt", settings: "" },
];

/**
 * Makes the day's partitions of event, delivery and attempt where they are missing. Locks each
 * table for a moment, so it is done ahead of the day. Idempotent, and safe when run twice at once.
 */
export async function insertDay(db: Kysely<Database>, day: string): Promise<void> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new Error(`day ${day} is malformed`);
  const suffix = day.replaceAll("-", "");
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('delivery.day'))`.execute(tx);
    for (const { name, settings } of tables) {
      await sql
        .raw(
          `create table if not exists delivery.${name}_${suffix} partition of delivery.${name}
           for values from ('${day}') to ('${dayAfter(day)}') ${settings}`,
        )
        .execute(tx);
    }
  });
}

/** Gives the day after a day, both `YYYY-MM-DD`. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
