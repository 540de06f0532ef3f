import { newUuid } from "@posthorn/runtime";
import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { runningParts, silent } from "../../test/setup.ts";
import { insertKeys } from "../store/idempotency-keys.ts";
import { sweeper } from "./sweeper.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
beforeAll(async () => {
  database = await ingestionDatabase();
});
afterAll(() => database.drop());

const day = 24 * 3_600_000;

test("deletes what is expired, in as many batches as that takes, and keeps the rest", async () => {
  const { db } = database;
  const nowMs = Date.now();
  const keysOf = (name: string) =>
    Array.from({ length: 10 }, (_, index) => ({
      workspaceUuid: newUuid(),
      key: `${name}${index}`,
      eventUuid: newUuid(),
      bodyHash: Buffer.alloc(32),
    }));
  await insertKeys(db, keysOf("old"), new Date(nowMs - 7 * day - 1));
  await insertKeys(db, keysOf("young"), new Date(nowMs - 7 * day));
  const part = sweeper(
    { db, log: silent, nowMs: () => nowMs },
    { intervalMs: 3_600_000, batchCountMax: 3 },
  );
  const running = runningParts([part]);
  await eventually(async () => {
    const left = await db.selectFrom("idempotency_key").select("key").execute();
    expect(left.map(({ key }) => key.replace(/\d/, ""))).toEqual(Array(10).fill("young"));
  });
  running.stop();
  await running.ended;
});
