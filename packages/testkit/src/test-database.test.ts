import pg from "pg";
import { expect, test } from "vitest";
import { testDatabase } from "./test-database.ts";

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test("databases are apart from each other", async () => {
  const [first, second] = await Promise.all([testDatabase(), testDatabase()]);
  await query(first.url, "create table thing (id int)");
  await query(second.url, "create table thing (id int)");
  expect(await query(second.url, "select * from thing")).toEqual([]);
  await Promise.all([first.drop(), second.drop()]);
});

test("a template is migrated once, whoever asks, and copied", async () => {
  let migrateCount = 0;
  const options = {
    template: "once",
    async migrate(url: string) {
      migrateCount++;
      await query(url, "create table thing as select 1 as id");
    },
  };
  const databases = await Promise.all([1, 2, 3, 4].map(() => testDatabase(options)));
  const rows = await Promise.all(databases.map(({ url }) => query(url, "table thing")));
  expect(rows).toEqual([[{ id: 1 }], [{ id: 1 }], [{ id: 1 }], [{ id: 1 }]]);
  expect(migrateCount).toBe(1);
  await Promise.all(databases.map(({ drop }) => drop()));
});

test("a failed migration is told, and the next one starts afresh", async () => {
  const template = "failing";
  const broken = testDatabase({
    template,
    async migrate(url) {
      await query(url, "create table thing as select 1 as id");
      throw new Error("no luck");
    },
  });
  await expect(broken).rejects.toThrow("no luck");
  const database = await testDatabase({
    template,
    async migrate(url) {
      await query(url, "create table thing as select 2 as id");
    },
  });
  expect(await query(database.url, "table thing")).toEqual([{ id: 2 }]);
  await database.drop();
});

test("drop cuts connections that are still open", async () => {
  const database = await testDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => client.once("end", resolve));
  client.on("error", () => {});
  await client.connect();
  await database.drop();
  await ended;
  await expect(query(database.url, "select 1")).rejects.toThrow("does not exist");
});
