import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { deleteOldDeadLetters, listDeadLetters, recordDeadLetters } from "./dead-letters.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
beforeAll(async () => {
  database = await ingestionDatabase();
});
afterAll(() => database.drop());

const letter = (provider: string, offset: bigint, createdAt = new Date()) => ({
  uuid: newUuid(createdAt.getTime()),
  provider,
  logId: "log",
  topic: provider,
  partition: 0,
  offset,
  reason: "INVALID",
  message: "no",
  valueHead: Buffer.from([0, 255]),
  valueSize: 2,
  createdAt,
});
const list = (provider: string) =>
  listDeadLetters(database.db, { provider, beforeUuid: undefined, countMax: 10 });

test("gives back what was recorded, once for each record, to its provider alone", async () => {
  const first = letter("a", 7n);
  await recordDeadLetters(database.db, [first]);
  await recordDeadLetters(database.db, [letter("a", 7n), letter("b", 1n)]);
  expect(await list("a")).toEqual([first]);
});

test("deletes what is old in bounded batches", async () => {
  const old = new Date(1_000_000);
  const letters = [1n, 2n, 3n].map((offset) => letter("old", offset, old));
  await recordDeadLetters(database.db, [...letters, letter("old", 4n)]);
  const limit = { keptSince: new Date(2_000_000), countMax: 2 };
  expect(await deleteOldDeadLetters(database.db, limit)).toBe(2);
  expect(await deleteOldDeadLetters(database.db, limit)).toBe(1);
  expect((await list("old")).map(({ offset }) => offset)).toEqual([4n]);
});
