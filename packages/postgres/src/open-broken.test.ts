import { testDatabase } from "@posthorn/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { openPostgres } from "./open.ts";
import { isUnavailable } from "./pg-error.ts";

it("the process lives when Postgres ends a connection in the midst of a transaction", async () => {
  const database = await testDatabase();
  const options = { url: database.url, connectionCountMax: 2, applicationName: "broken" };
  const { db, close } = openPostgres<object>(options);
  const failure = await db
    .transaction()
    .execute(async (tx) => {
      await sql`select 1`.execute(tx);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'broken' and state = 'idle in transaction'`.execute(db);
      // The connection's end arrives while no query of it is under way.
      await new Promise((resolve) => setImmediate(resolve));
      await sql`select 1`.execute(tx);
    })
    .catch((error: unknown) => error);
  expect(isUnavailable(failure)).toBe(true);
  expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  await close();
  await database.drop();
});
