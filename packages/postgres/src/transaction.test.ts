import { type TestDatabase, testDatabase } from "@posthorn/testkit";
import { sql, type Transaction } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgres, type Postgres } from "./open.ts";
import { transaction } from "./transaction.ts";

interface Database {
  readonly thing: { readonly id: number; readonly count: number };
}

let database: TestDatabase;
let postgres: Postgres<Database>;
beforeAll(async () => {
  database = await testDatabase();
  postgres = openPostgres({ url: database.url, connectionCountMax: 4, applicationName: "test" });
  await sql`create table thing (id int primary key, count int not null)`.execute(postgres.db);
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});

const insert = (tx: Transaction<Database>, id: number) =>
  tx.insertInto("thing").values({ id, count: 0 }).execute();
const increment = (tx: Transaction<Database>, id: number) =>
  tx
    .updateTable("thing")
    .set(({ eb }) => ({ count: eb("count", "+", 1) }))
    .where("id", "=", id)
    .execute();
const counts = (ids: readonly number[]) =>
  postgres.db.selectFrom("thing").selectAll().where("id", "in", ids).orderBy("id").execute();

test("commits and gives what the run gave", async () => {
  const result = await transaction(postgres.db, async (tx) => {
    await insert(tx, 1);
    return "done";
  });
  expect(result).toBe("done");
  expect(await counts([1])).toEqual([{ id: 1, count: 0 }]);
});

test("rolls back what was done before a throw, and runs once", async () => {
  let runCount = 0;
  const failing = transaction(postgres.db, async (tx) => {
    runCount++;
    await insert(tx, 2);
    throw new Error("changed my mind");
  });
  await expect(failing).rejects.toThrow("changed my mind");
  expect(runCount).toBe(1);
  expect(await counts([2])).toEqual([]);
});

test("two transactions that lock each other out both succeed", async () => {
  await transaction(postgres.db, async (tx) => {
    await insert(tx, 3);
    await insert(tx, 4);
  });
  const bothHoldOne = Promise.withResolvers<void>();
  let holdCount = 0;
  let runCount = 0;
  const touch = (first: number, second: number) =>
    transaction(postgres.db, async (tx) => {
      runCount++;
      await increment(tx, first);
      if (++holdCount === 2) bothHoldOne.resolve();
      await bothHoldOne.promise;
      await increment(tx, second);
    });
  await Promise.all([touch(3, 4), touch(4, 3)]);
  expect(await counts([3, 4])).toEqual([
    { id: 3, count: 2 },
    { id: 4, count: 2 },
  ]);
  expect(runCount).toBe(3);
});
