import type { Postgres } from "@posthorn/postgres";
import { dayOf, newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyTables } from "../testing/tables.ts";
import type { Database } from "./database.ts";
import { insertDay } from "./days.ts";
import { insertFanOut, type NewEvent } from "./fan-outs.ts";
import { listLaneStates } from "./lanes.ts";
import { claimPartition, insertPartitions } from "./partitions.ts";
import type { NewAttempt, Result } from "./result.ts";
import { recordResults } from "./results.ts";
import { listStats } from "./stats.ts";

let postgres: Postgres<Database>;
let close: () => Promise<void>;
const day = dayOf(newUuid());

beforeAll(async () => {
  ({ postgres, close } = await emptyTables());
  await insertPartitions(postgres.db, 8);
  await insertDay(postgres.db, day);
});
afterAll(() => close());

let partitionCount = 0;

/** A partition of its own with one delivery in it, and results of its attempts. */
async function setup() {
  const { db } = postgres;
  const partition = partitionCount;
  partitionCount += 1;
  const epoch = (await claimPartition(db, { partition, owner: "test", leaseMs: 60_000 })) ?? "";
  const held = { partition, epoch };
  const event: NewEvent = {
    uuid: newUuid(),
    day,
    offset: 0n,
    workspaceUuid: newUuid(),
    provider: "demo",
    type: "order.created",
    data: Buffer.from("{}"),
    time: "2024-01-15T10:30:00Z",
    acceptedAt: new Date(),
    orderingKey: "",
    traceparent: "",
    skipped: "[]",
  };
  const [deliveryUuid, webhookUuid] = [newUuid(), newUuid()];
  const delivery = { uuid: deliveryUuid, event, webhookUuid, matchedBy: "" };
  const step = { fromOffset: 0n, toOffset: 1n, events: [event], parked: [] };
  await insertFanOut(db, { held, ...step, deliveries: [{ delivery }] }, "all");
  const { uuid: eventUuid, workspaceUuid, type: eventType } = event;
  const of = { deliveryUuid, workspaceUuid, webhookUuid, eventUuid, eventType };
  const failed = (number: number, changes: Partial<Result> = {}): Result => ({
    ...of,
    held,
    day,
    provider: "demo",
    attempt: attempt(number),
    state: "PENDING",
    stateReason: "",
    dueAt: new Date(Date.now() + number * 60_000),
    aim: { version: "1", targetVersion: "1" },
    isWatched: false,
    ...changes,
  });
  return {
    failed,
    partition,
    record: (...results: Result[]) => recordResults(db, results, "all"),
    row: () =>
      db
        .selectFrom("delivery as d")
        .leftJoin("schedule as s", "s.delivery_id", "d.id")
        .where("d.id", "=", deliveryUuid)
        .select(["d.state", "d.attempt_count", "d.failure_count", "d.next_attempt_at", "s.due_at"])
        .executeTakeFirstOrThrow(),
  };
}

function attempt(number: number): NewAttempt {
  return {
    uuid: newUuid(),
    number,
    startedAt: new Date(),
    durationMs: 3,
    outcome: "HTTP_ERROR",
    statusCode: 500,
    url: "https://example.com/",
    requestHeaders: {},
    responseHeaders: {},
    responseBody: Buffer.from(""),
    responseTruncated: false,
    remoteAddress: "",
    timings: {},
    waits: {},
    error: "",
  };
}

test("a result that is written again, as its answer was lost, counts once", async () => {
  const { failed, record, row } = await setup();
  const first = failed(1);
  await record(first);
  await record(first);
  expect(await row()).toMatchObject({ attempt_count: 1, failure_count: 1, due_at: first.dueAt });
  const { workspaceUuid } = first;
  const hourMs = 3_600_000;
  const range = { after: new Date(0), before: new Date(Date.now() + hourMs), stepMs: hourMs };
  const stats = await listStats(postgres.db, { workspaceUuid }, range);
  expect(stats.map(({ counts }) => counts.server_error)).toEqual([1]);
});

test("a result that reaches Postgres late does not undo what came after it", async () => {
  const { failed, record, row } = await setup();
  const [first, second] = [failed(1), failed(2)];
  await record(first);
  await record(second);
  await record(first);
  expect(await row()).toMatchObject({ attempt_count: 2, failure_count: 2, due_at: second.dueAt });
});

test("a shorter Retry-After does not end a longer one", async () => {
  const { failed, partition, record } = await setup();
  const inMs = (waitMs: number) => ({ laneBlockedUntil: new Date(Date.now() + waitMs) });
  await record(failed(1, inMs(60_000)));
  await record(failed(2, inMs(1_000)));
  const [lane] = await listLaneStates(postgres.db, partition);
  expect(lane?.blockedWaitMs).toBeGreaterThan(50_000);
});
