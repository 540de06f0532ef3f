import { testDatabase } from "@posthorn/testkit";
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "./migrate.ts";
import { openPostgres, type Postgres } from "./open.ts";

const cleanups: (() => Promise<void>)[] = [];
beforeAll(() => {
  cleanups.length = 0;
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function setup(): Promise<Postgres<unknown> & { url: string }> {
  const { url, drop } = await testDatabase();
  const postgres = openPostgres({ url, connectionCountMax: 4, applicationName: "test" });
  cleanups.push(drop, () => postgres.close());
  return { ...postgres, url };
}

function running(...statements: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

const migrations = {
  "2026-01-02T0000-add-name": running("alter table app.thing add name text"),
  "2026-01-01T0000-create-thing": running("create table app.thing (id int)"),
};

async function tablesOf(db: Kysely<unknown>): Promise<string[]> {
  const found = sql<{ name: string }>`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1`;
  return (await found.execute(db)).rows.map(({ name }) => name);
}

test("makes the schema and runs what has not run, in the order of the names", async () => {
  const { db } = await setup();
  await migrate({ db, schema: "app", migrations });
  await migrate({ db, schema: "app", migrations });
  await sql`insert into app.thing (id, name) values (1, 'one')`.execute(db);
  expect(await tablesOf(db)).toEqual([
    "app.kysely_migration",
    "app.kysely_migration_lock",
    "app.thing",
  ]);
});

test("several at once: one runs, the others find it done", async () => {
  const { db, url } = await setup();
  const other = openPostgres<unknown>({ url, connectionCountMax: 2, applicationName: "other" });
  cleanups.push(() => other.close());
  const all = [db, other.db, db, other.db].map((one) =>
    migrate({ db: one, schema: "app", migrations }),
  );
  await Promise.all(all);
  const noted = await sql`select name from app.kysely_migration`.execute(db);
  expect(noted.rows).toHaveLength(2);
});

test("schemas of several services lie side by side", async () => {
  const { db } = await setup();
  await Promise.all([
    migrate({ db, schema: "app", migrations }),
    migrate({ db, schema: "other", migrations: { first: running("create table other.x ()") } }),
  ]);
  expect(await tablesOf(db)).toContain("other.kysely_migration");
});

test("a failed migration is named and leaves nothing behind", async () => {
  const { db } = await setup();
  const failing = { ...migrations, "2026-01-03T0000-fail": running("select 1/0") };
  const attempt = migrate({ db, schema: "app", migrations: failing });
  await expect(attempt).rejects.toThrow("migrate schema app: 2026-01-03T0000-fail");
  await expect(sql`select from app.thing`.execute(db)).rejects.toThrow("does not exist");
  await migrate({ db, schema: "app", migrations });
  await sql`select from app.thing`.execute(db);
});

test("refuses a database that a newer release has migrated", async () => {
  const { db } = await setup();
  await migrate({ db, schema: "app", migrations });
  const older = { "2026-01-01T0000-create-thing": migrations["2026-01-01T0000-create-thing"] };
  await expect(migrate({ db, schema: "app", migrations: older })).rejects.toThrow(
    "migrate schema app",
  );
});

test("the connection goes back to the pool as it was", async () => {
  const { db } = await setup();
  await migrate({ db, schema: "app", migrations });
  const settings = sql`select current_setting('lock_timeout') as timeout,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`;
  expect((await settings.execute(db)).rows).toEqual([{ timeout: "0", locks: 0 }]);
});
