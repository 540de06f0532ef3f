import { newUuid } from "@posthorn/runtime";
import { type TestDatabase, testDatabase } from "@posthorn/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bigints, booleans, byteStrings, dates, integers, texts, times, uuids } from "./arrays.ts";

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

const [one, other] = [newUuid(), newUuid()];
const instants = [0, -1, 946_684_800_000, 1_795_293_896_123, -2e12, 32_503_680_000_001];

test.each([
  {
    type: "uuid",
    sent: uuids([one, one, other, one, other, other]),
    read: [one, one, other, one, other, other],
  },
  {
    type: "text",
    sent: texts(["", "a", "", "long ".repeat(99)]),
    read: ["", "a", "", "long ".repeat(99)],
  },
  { type: "text", sent: texts(["é", "", "日本", "a", "🦄"]), read: ["é", "", "日本", "a", "🦄"] },
  { type: "text", sent: texts([]), read: [] },
  {
    type: "bytea",
    sent: byteStrings([Buffer.from([0, 255]), Buffer.alloc(0)]),
    read: [Buffer.from([0, 255]), Buffer.alloc(0)],
  },
  { type: "integer", sent: integers([1, undefined, -5]), read: [1, null, -5] },
  { type: "bigint", sent: bigints(["-1", 2n ** 62n]), read: ["-1", "4611686018427387904"] },
  { type: "boolean", sent: booleans([true, false]), read: [true, false] },
  { type: "date", sent: dates(["1999-12-31", "2026-11-21"]), read: ["1999-12-31", "2026-11-21"] },
  {
    type: "timestamptz",
    sent: times(instants.map((ms) => new Date(ms))),
    read: instants.map((ms) => new Date(ms)),
  },
  { type: "timestamptz", sent: times([undefined, new Date(1)]), read: [null, new Date(1)] },
])("$type[] $read arrives as it is", async ({ type, sent, read }) => {
  const cast = type === "date" ? "::text[]" : "";
  const { rows } = await pool.query(`select $1::${type}[]${cast} as values`, [sent]);
  expect(rows[0].values).toEqual(read);
});
