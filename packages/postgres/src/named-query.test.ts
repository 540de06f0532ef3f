import { type TestDatabase, testDatabase } from "@posthorn/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundMessages, namedQuery } from "./named-query.ts";

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await testDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const text = "select $1::integer as number, $2::bytea as bytes, $3::text as text, $4::text as long";

async function select(name: string, values: unknown[]): Promise<unknown> {
  const { rows } = await pool.query(namedQuery({ name, text, values }) as unknown as string);
  return rows[0];
}

test.each([
  { name: "small values", values: [1, Buffer.from([0, 255]), "é", "x"] },
  { name: "nulls", values: [null, null, null, null] },
  { name: "empty values", values: [0, Buffer.alloc(0), "", ""] },
  { name: "large values", values: [-1, Buffer.alloc(300_000, 7), "é".repeat(9_000), "x"] },
  { name: "large values last", values: [2, Buffer.alloc(9_000), "", "é".repeat(200_000)] },
])("$name arrive the first time as when the statement is prepared", async ({ values }) => {
  const [number, bytes, short, long] = values;
  const expected = { number, bytes, text: short, long };
  expect(await select("same", values)).toEqual(expected);
  expect(await select("same", values)).toEqual(expected);
});

test("values that the driver converts arrive when the statement is prepared", async () => {
  const values = [1, new Uint8Array([1, 2]), true, new Date(0)];
  await select("converted", values);
  expect(await select("converted", values)).toMatchObject({
    bytes: Buffer.from([1, 2]),
    text: "true",
  });
});

test("a refused value fails its query alone", async () => {
  await select("refused", [1, null, null, null]);
  await expect(select("refused", ["one", null, null, null])).rejects.toMatchObject({
    code: "22P02",
  });
  expect(await select("refused", [2, null, null, null])).toMatchObject({ number: 2 });
});

test("one name for two statements is refused", async () => {
  const one = namedQuery({ name: "two", text: "select 1 as n", values: [] });
  const other = namedQuery({ name: "two", text: "select 2 as n", values: [] });
  await pool.query(one as unknown as string);
  await expect(pool.query(other as unknown as string)).rejects.toThrow("must be unique");
});

test("large values are not copied", () => {
  const large = Buffer.alloc(100_000);
  expect(boundMessages("any", ["1", large, null])).toContain(large);
});
