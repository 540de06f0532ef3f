import { AppError } from "@posthorn/errors";
import { migrate, openPostgres } from "@posthorn/postgres";
import { logger, newUuid, systemClock, wakeup } from "@posthorn/runtime";
import { eventually, testDatabase } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { Notice } from "../domain/notice.ts";
import type { Database } from "../store/database.ts";
import { migrations } from "../store/migrations/index.ts";
import { relay } from "./relay.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
let postgres: ReturnType<typeof openPostgres<Database>>;
let partition = 0;

beforeAll(async () => {
  database = await testDatabase();
  postgres = openPostgres<Database>({
    url: database.url,
    connectionCountMax: 4,
    applicationName: "test",
    searchPath: "delivery",
  });
  await migrate({ db: postgres.db, schema: "delivery", migrations });
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});

/** A relay of one partition, of the test's own, that acts as told. */
function setup(act: (notices: readonly Notice[]) => void = () => {}) {
  partition += 1;
  const own = partition;
  const { db } = postgres;
  const acted: string[] = [];
  const parked: number[] = [];
  const ages: (number | undefined)[] = [];
  const stop = new AbortController();
  const wake = wakeup();
  const part = relay({
    db,
    ownedPartitions: () => [own],
    act: async (notices) => {
      act(notices);
      acted.push(...notices.map(({ delivery }) => delivery?.eventType ?? ""));
    },
    wakeup: wake,
    log: logger({ name: "test", level: "silent" }),
    metrics: { onNotices: (ageMs) => ages.push(ageMs), onParkedNotice: () => parked.push(1) },
    clock: { ...systemClock, sleep: async () => {} },
  });
  return {
    acted,
    parked,
    ages,
    wake: () => wake.wake(),
    start() {
      const ended = part.run(stop.signal, () => {});
      onTestFinished(async () => {
        stop.abort();
        await ended;
      });
    },
    async leave(names: readonly string[], at: { partition: number } = { partition: own }) {
      const rows = names.map((name) => ({
        partition: at.partition,
        kind: "EXHAUSTED",
        workspace_id: newUuid(),
        webhook_id: newUuid(),
        delivery_id: newUuid(),
        event_id: newUuid(),
        event_type: name,
      }));
      await db.insertInto("notice").values(rows).execute();
    },
    rows: () =>
      db
        .selectFrom("notice")
        .select(["event_type", "parked_at", "error"])
        .where("partition", "=", own)
        .execute(),
  };
}

it("acts on notices in order, and deletes them", async () => {
  const { start, leave, acted, rows } = setup();
  const names = Array.from({ length: 450 }, (_, index) => `${index}`);
  await leave(names);
  start();
  await eventually(async () => expect(await rows()).toEqual([]));
  expect(acted).toEqual(names);
});

it("acts at once when it is woken", async () => {
  const { start, leave, acted, wake, ages } = setup();
  start();
  await eventually(() => expect(ages).toEqual([undefined]));
  await leave(["a"]);
  wake();
  await eventually(() => expect(acted).toEqual(["a"]), { timeoutMs: 2_000 });
});

it("leaves the notices of partitions of others alone", async () => {
  const { start, leave, acted } = setup();
  await leave(["theirs"], { partition: 1_000_000 });
  await leave(["ours"]);
  start();
  await eventually(() => expect(acted).toEqual(["ours"]));
});

it("keeps notices while the log or subscription is away", async () => {
  let isAway = true;
  let refusedCount = 0;
  const { start, leave, acted, rows, ages } = setup(() => {
    refusedCount += 1;
    if (isAway) throw new AppError("unavailable", "away");
  });
  await leave(["a", "b"]);
  start();
  await eventually(() => expect(refusedCount).toBeGreaterThan(5));
  expect(await rows()).toHaveLength(2);
  expect(acted).toEqual([]);
  expect(ages.at(-1)).toBeGreaterThan(0);
  isAway = false;
  await eventually(() => expect(acted).toEqual(["a", "b"]));
});

it("parks a notice that fails by itself three times, and acts on those around it", async () => {
  let failedCount = 0;
  const { start, leave, acted, rows, parked } = setup((notices) => {
    const isBad = notices.some(({ delivery }) => delivery?.eventType === "bad");
    if (isBad && notices.length === 1) failedCount += 1;
    if (isBad) throw new Error("a defect");
  });
  await leave(["a", "bad", "b"]);
  start();
  await eventually(async () =>
    expect(await rows()).toMatchObject([{ event_type: "bad", error: "a defect" }]),
  );
  await eventually(() => expect(parked).toHaveLength(1));
  expect((await rows())[0]?.parked_at).toBeInstanceOf(Date);
  expect(failedCount).toBe(3);
  expect(acted).toEqual(["a", "b"]);
});
