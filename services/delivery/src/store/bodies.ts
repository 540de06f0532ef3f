import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "./database.ts";
import { dayAfter, dayTableName, suffixOf } from "./days.ts";
import { insertExpired, lockTimeoutMs } from "./old-days.ts";

/**
 * A day's events lose their bodies by being copied without them into a table that takes the
 * partition's place: what was there is dropped whole, so its space is free at once, and no hot
 * statement pays for it. docs/adr/0008 says what else there was.
 */

/** Rows that one statement copies. */
const rowsPerCopyMax = 5_000;
/** How long the day's late writers may keep the last copy waiting. */
const shareTimeoutMs = 1_000;

/** Tells whether a delivery of the day still waits. Reads the whole schedule if none does. */
export async function hasOpenDeliveries(db: Kysely<Database>, day: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from delivery.schedule where day = ${day}::date) as found`.execute(db);
  return rows[0]?.found === true;
}

/**
 * Copies up to 5,000 of the day's events without their bodies, in the order of their ids, going on
 * where it came to. Gives whether there may be more.
 */
export async function copyWithoutBodies(db: Kysely<Database>, day: string): Promise<boolean> {
  await prepareCopy(db, day);
  const columns = await eventColumns(db);
  const { rows } = await sql<{ count: number }>`
    with last as (
      select coalesce((select id from ${copyOf(day)} order by id desc limit 1),
        '00000000-0000-0000-0000-000000000000') as id
    ), copied as (
      insert into ${copyOf(day)} (${columns.names})
      select ${columns.withoutBody} from ${sql.raw(dayTableName("event", day))} e
      where id > (select id from last) order by id limit ${rowsPerCopyMax}
      on conflict do nothing
      returning 1
    )
    select count(*)::integer as count from copied`.execute(db);
  return rows[0]?.count === rowsPerCopyMax;
}

/**
 * Puts the copy in the place of the day's partition, with what came while it was made, and notes
 * that the bodies are gone. Locks events for a moment: throws as deleteDay does when it cannot, or
 * when the day is being written to. Call dropDetached after it.
 */
export async function replaceByCopy(db: Kysely<Database>, day: string): Promise<void> {
  const partition = dayTableName("event", day);
  const columns = await eventColumns(db);
  await db.transaction().execute(async (tx) => {
    await setLocal(tx, { lock_timeout: `${shareTimeoutMs}ms`, enable_mergejoin: "on" });
    await sql.raw(`lock table ${partition} in share mode`).execute(tx);
    await sql`insert into ${copyOf(day)} (${columns.names})
      select ${columns.withoutBody} from ${sql.raw(partition)} e
      where not exists (select from ${copyOf(day)} c where c.id = e.id)`.execute(tx);
    await setLocal(tx, { lock_timeout: `${lockTimeoutMs}ms` });
    const suffix = suffixOf(day);
    for (const statement of [
      `alter table delivery.event detach partition ${partition}`,
      `alter table ${partition} rename to event_${suffix}_old`,
      `alter table ${partition}_bare rename to event_${suffix}`,
      `alter table delivery.event attach partition ${partition}
        for values from ('${day}') to ('${dayAfter(day)}')`,
      `alter table ${partition} drop constraint event_${suffix}_day_check`,
    ]) {
      await sql.raw(statement).execute(tx);
    }
    await insertExpired(tx, day);
  });
}

/** Makes the empty copy, or makes it anew when events have got other columns since. */
async function prepareCopy(db: Kysely<Database>, day: string): Promise<void> {
  const partition = dayTableName("event", day);
  const copy = `${partition}_bare`;
  await sql
    .raw(`create table if not exists ${copy} (like delivery.event including all,
    constraint event_${suffixOf(day)}_day_check
      check (day >= '${day}' and day < '${dayAfter(day)}'))`)
    .execute(db);
  const { rows } = await sql<{ differs: boolean }>`
    select array_agg(attname order by attname) filter (where attrelid = 'delivery.event'::regclass)
      <> array_agg(attname order by attname) filter (where attrelid = to_regclass(${copy}))
      as differs
    from pg_attribute
    where attrelid in ('delivery.event'::regclass, to_regclass(${copy}))
      and attnum > 0 and not attisdropped`.execute(db);
  if (!rows[0]?.differs) return;
  await sql.raw(`drop table ${copy}`).execute(db);
  await prepareCopy(db, day);
}

async function eventColumns(db: Kysely<Database>) {
  const { rows } = await sql<{ names: string; without_body: string }>`
    select string_agg(quote_ident(attname), ', ' order by attnum) as names,
      string_agg(case attname when 'data' then $$''::bytea$$ when 'previous_attributes' then 'null'
        else 'e.' || quote_ident(attname) end,
        ', ' order by attnum) as without_body
    from pg_attribute
    where attrelid = 'delivery.event'::regclass and attnum > 0 and not attisdropped`.execute(db);
  const { names = "", without_body = "" } = rows[0] ?? {};
  return { names: sql.raw(names), withoutBody: sql.raw(without_body) };
}

async function setLocal(
  tx: Transaction<Database>,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await sql`select set_config(${name}, ${value}, true)`.execute(tx);
  }
}

function copyOf(day: string) {
  return sql.raw(`${dayTableName("event", day)}_bare`);
}
