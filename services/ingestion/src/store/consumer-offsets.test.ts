import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { checkLog, listOffsets, moveOffset, startOffset } from "./consumer-offsets.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
beforeAll(async () => {
  database = await ingestionDatabase();
});
afterAll(() => database.drop());

test("starts a partition at 0 and goes on where it was left", async () => {
  const place = { topic: "fresh", partition: 1, logId: "log" };
  expect(await startOffset(database.db, place)).toBe(0n);
  expect(await moveOffset(database.db, place, { from: 0n, to: 9_007_199_254_740_993n })).toBe(true);
  expect(await startOffset(database.db, place)).toBe(9_007_199_254_740_993n);
  expect(await listOffsets(database.db, "fresh")).toEqual(new Map([[1, 9_007_199_254_740_993n]]));
});

test("moves only from where it stands", async () => {
  const place = { topic: "moved", partition: 0, logId: "log" };
  await startOffset(database.db, place);
  expect(await moveOffset(database.db, place, { from: 0n, to: 5n })).toBe(true);
  expect(await moveOffset(database.db, place, { from: 0n, to: 7n })).toBe(false);
  expect(await moveOffset(database.db, { ...place, logId: "x" }, { from: 5n, to: 7n })).toBe(false);
  expect(await startOffset(database.db, place)).toBe(5n);
});

test("refuses another log of the same topic and says what to do", async () => {
  const place = { topic: "other", partition: 0, logId: "log" };
  await startOffset(database.db, place);
  await checkLog(database.db, place);
  const drain = /belong to the log log, not to new: start once more with the old log/;
  await expect(checkLog(database.db, { ...place, logId: "new" })).rejects.toThrow(drain);
  await expect(startOffset(database.db, { ...place, logId: "new" })).rejects.toThrow(drain);
});
