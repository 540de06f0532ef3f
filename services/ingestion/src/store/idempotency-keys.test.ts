import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { deleteExpiredKeys, insertKeys, listKeys } from "./idempotency-keys.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
beforeAll(async () => {
  database = await ingestionDatabase();
});
afterAll(() => database.drop());

test("deletes what is expired in bounded batches, oldest first, and nothing else", async () => {
  const { db } = database;
  const workspaceUuid = newUuid();
  const key = (index: number) => ({
    workspaceUuid,
    key: `k${index}`,
    eventUuid: newUuid(),
    bodyHash: Buffer.alloc(32),
  });
  const keys = Array.from({ length: 10 }, (_, index) => key(index));
  for (const [index, each] of keys.entries()) await insertKeys(db, [each], new Date(index * 1_000));
  const livesSince = new Date(7_000);
  const left = async () => (await listKeys(db, keys, livesSince)).length;
  expect(await deleteExpiredKeys(db, { livesSince, countMax: 4 })).toBe(4);
  expect(await left()).toBe(6);
  expect(await deleteExpiredKeys(db, { livesSince, countMax: 4 })).toBe(3);
  expect(await deleteExpiredKeys(db, { livesSince, countMax: 4 })).toBe(0);
  expect(await left()).toBe(3);
});
