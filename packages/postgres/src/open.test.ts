import { eventually, freePort, type TestDatabase, testDatabase } from "@posthorn/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenPostgresOptions, openPostgres, type Postgres } from "./open.ts";
import { isUnavailable } from "./pg-error.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

async function withPostgres(
  options: Partial<OpenPostgresOptions>,
  run: (postgres: Postgres<unknown>) => Promise<void>,
): Promise<void> {
  const defaults = { url: database.url, connectionCountMax: 2, applicationName: "test" };
  const postgres = openPostgres({ ...defaults, ...options });
  try {
    await run(postgres);
  } finally {
    await postgres.close();
  }
}

test("names itself and looks names up in its schemas", async () => {
  await withPostgres(
    { applicationName: "delivery", searchPath: "delivery, public" },
    async ({ db }) => {
      const settings = sql`select current_setting('search_path') as path,
      current_setting('application_name') as name`;
      expect((await settings.execute(db)).rows).toEqual([
        { path: "delivery,public", name: "delivery" },
      ]);
    },
  );
});

test("further queries wait for a free connection", async () => {
  await withPostgres({ connectionCountMax: 1 }, async ({ db, pool }) => {
    const pid = () => sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    const answers = await Promise.all([pid(), pid(), pid()]);
    expect(new Set(answers.map(({ rows }) => rows[0]?.pid)).size).toBe(1);
    expect(pool.totalCount).toBe(1);
  });
});

test("a broken idle connection is replaced", async () => {
  await withPostgres({ connectionCountMax: 1 }, async ({ db, pool }) => {
    const pid = async () =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;
    const first = await pid();
    await withPostgres({}, async (other) => {
      await sql`select pg_terminate_backend(${first})`.execute(other.db);
    });
    await eventually(() => expect(pool.totalCount).toBe(0));
    expect(await pid()).not.toBe(first);
  });
});

test("opening never fails, and a query tells that nobody is there", async () => {
  const url = `postgres://a:b@127.0.0.1:${await freePort()}/c`;
  await withPostgres({ url }, async ({ db }) => {
    await expect(sql`select 1`.execute(db)).rejects.toSatisfy(isUnavailable);
  });
});

test("close waits for what runs, may be called twice, and also when nothing was asked", async () => {
  const postgres = openPostgres({ url: database.url, connectionCountMax: 1, applicationName: "t" });
  await sql`select 1`.execute(postgres.db);
  const slow = sql`select pg_sleep(0.05)`.execute(postgres.db);
  await eventually(() => expect(postgres.pool.idleCount).toBe(0));
  await Promise.all([postgres.close(), postgres.close(), slow]);
  expect(postgres.pool.totalCount).toBe(0);
  await openPostgres({ url: database.url, connectionCountMax: 1, applicationName: "t" }).close();
});

test("the pool alone may be used and is closed, too", async () => {
  const postgres = openPostgres({ url: database.url, connectionCountMax: 1, applicationName: "t" });
  expect((await postgres.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await postgres.close();
  expect(postgres.pool.ended).toBe(true);
});
