import type { Postgres } from "@posthorn/postgres";
import { dayOf, newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../store/database.ts";
import { insertDay } from "../store/days.ts";
import { deliveryStore } from "../store/delivery-store.ts";
import type { FanOut, NewEvent } from "../store/fan-outs.ts";
import { insertPartitions } from "../store/partitions.ts";
import type { NewAttempt, Result } from "../store/result.ts";
import { emptyTables } from "../testing/tables.ts";
import { EventLog } from "./event-log.ts";
import { memoryStore, type Statements } from "./memory-store.ts";
import type { Random } from "./random.ts";
import { Tables } from "./tables.ts";
import { Webhooks } from "./webhooks.ts";
import { Witness } from "./witness.ts";
import { World } from "./world.ts";

let postgres: Postgres<Database>;
let close: () => Promise<void>;
const day = dayOf(newUuid());
const partitionCount = 2;
const hourMs = 3_600_000;

beforeAll(async () => {
  ({ postgres, close } = await emptyTables());
  await insertDay(postgres.db, day);
});
afterAll(() => close());

/** Both stores, empty; every statement goes to both, and its two answers must be the same. */
async function setup(seed: number) {
  const { db } = postgres;
  for (const table of ["partition", "progress", "event", "delivery", "schedule", "lane"] as const) {
    await db.deleteFrom(table).execute();
  }
  await insertPartitions(db, partitionCount);
  const world = new World(seed);
  const tables = new Tables(partitionCount);
  const webhooks = new Webhooks(world);
  const log = new EventLog(world, partitionCount);
  const witness = new Witness({ world, tables, webhooks, log });
  const memory = memoryStore({ world, tables, witness, broken: new Set() });
  const real = deliveryStore(db);
  const both = async <Name extends keyof Statements>(
    name: Name,
    ...args: Parameters<Statements[Name]>
  ): Promise<ReturnType<Statements[Name]>> => {
    world.nowMs = world.msOf(new Date());
    const call = memory[name] as (...all: unknown[]) => ReturnType<Statements[Name]>;
    const [ours, theirs] = [
      call(...args),
      await (real[name] as (...all: unknown[]) => Promise<unknown>)(...args),
    ];
    expect([name, comparable(ours)]).toEqual([name, comparable(theirs)]);
    return ours;
  };
  return { both, tables, random: world.random };
}

/** Waits differ by the time between two calls: what counts is whether there is one. */
function comparable(answer: unknown): unknown {
  if (answer instanceof Set) return [...answer].sort();
  if (answer instanceof Buffer) return answer.toString();
  if (Array.isArray(answer))
    return answer
      .map(comparable)
      .map((v) => JSON.stringify(v))
      .sort();
  if (typeof answer !== "object" || answer === null) return answer;
  const isWait = (name: string) => /(Wait|overdue|wait)Ms$/.test(name) || name === "waitMs";
  return Object.fromEntries(
    Object.entries(answer)
      .sort(byName)
      .map(([name, value]) => [
        name,
        isWait(name) && typeof value === "number" ? waitOf(value) : comparable(value),
      ]),
  );
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function waitOf(waitMs: number): string {
  if (!Number.isFinite(waitMs)) return "for ever";
  return waitMs > hourMs / 2 ? "later" : "now";
}

const workspaceUuid = newUuid();
const webhookUuids = [newUuid(), newUuid()] as const;

function newEvent(chance: Random, offset: bigint): NewEvent {
  return {
    uuid: newUuid(),
    day,
    workspaceUuid,
    provider: "demo",
    type: "order.created",
    data: Buffer.from("{}"),
    time: "2024-01-15T10:30:00Z",
    acceptedAt: new Date(),
    orderingKey: chance.pick(["", "a", "b"]),
    traceparent: "",
    skipped: "[]",
    offset,
  };
}

function newAttempt(number: number, succeeded: boolean): NewAttempt {
  return {
    uuid: newUuid(),
    number,
    startedAt: new Date(),
    durationMs: 3,
    outcome: succeeded ? "SUCCEEDED" : "HTTP_ERROR",
    statusCode: succeeded ? 200 : 503,
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

it.each([1, 2, 3])("the store in memory answers as Postgres does (seed %d)", async (seed) => {
  const { both, tables, random: chance } = await setup(seed);
  const epochs = ["0", "0"];
  const sent: Result[] = [];
  const events: NewEvent[] = [];
  const partitionOfRow = () => chance.between(0, partitionCount - 1);
  const heldOf = (partition: number) => {
    const epoch = BigInt(epochs[partition] ?? "0") - (chance.chance(0.15) ? 1n : 0n);
    return { partition, epoch: String(epoch) };
  };

  const steps: Record<string, () => Promise<unknown>> = {
    async claim() {
      const partition = partitionOfRow();
      const leaseMs = chance.pick([-1_000, hourMs]);
      const claim = { partition, owner: chance.pick(["a", "b"]), leaseMs };
      epochs[partition] = (await both("claimPartition", claim)) ?? epochs[partition] ?? "0";
    },
    renew: () => both("renewLeases", [heldOf(0), heldOf(1)], chance.pick([-1_000, hourMs])),
    release: () => both("releasePartition", heldOf(partitionOfRow())),
    async fanOut() {
      const partition = partitionOfRow();
      const next = await both("getNextOffset", partition);
      const fromOffset = chance.chance(0.15) ? next + 1n : next;
      const known = chance.chance(0.2) ? events.at(-1) : undefined;
      const event = known ?? newEvent(chance, fromOffset);
      const isOrdered = chance.chance(0.4);
      const webhookUuid = webhookUuids[isOrdered ? 1 : 0];
      const place = isOrdered && { place: { key: event.orderingKey, sequence: fromOffset } };
      const dueAt = chance.chance(0.3) && { dueAt: new Date(Date.now() + hourMs) };
      const delivery = { uuid: newUuid(), event, webhookUuid, matchedBy: "", ...place, ...dueAt };
      const fanOut: FanOut = {
        held: heldOf(partition),
        fromOffset,
        toOffset: fromOffset + 1n + BigInt(chance.between(0, 2)),
        events: [event],
        deliveries: [{ delivery }],
        parked: [],
      };
      events.push(event);
      await both("insertFanOut", fanOut, "all");
      await both("listStoredEvents", day, [event.uuid, newUuid()]);
    },
    async result() {
      const rows = [...tables.deliveries.values()];
      const row = rows[chance.between(0, rows.length - 1)];
      const again = chance.chance(0.25) ? sent[chance.between(0, sent.length - 1)] : undefined;
      if (!row) return;
      const succeeded = chance.chance(0.4);
      const failed = chance.pick<Result["state"]>(["PENDING", "PENDING", "EXHAUSTED"]);
      const state = succeeded ? "SUCCEEDED" : failed;
      const made: Result = {
        held: heldOf(row.partition),
        day,
        deliveryUuid: row.uuid,
        provider: "demo",
        workspaceUuid,
        webhookUuid: row.webhookUuid,
        eventUuid: row.eventUuid,
        eventType: "order.created",
        attempt: newAttempt(row.attemptCount + 1, succeeded),
        state,
        stateReason: "",
        ...(state === "PENDING" && {
          dueAt: new Date(Date.now() + chance.pick([-60_000, hourMs])),
          ...(chance.chance(0.5) && {
            laneBlockedUntil: new Date(Date.now() + chance.pick([-60_000, hourMs])),
          }),
        }),
        aim: { version: "1", targetVersion: "1" },
        isWatched: false,
      };
      const result = again ? { ...again, held: heldOf(again.held.partition) } : made;
      sent.push(result);
      await both("recordResults", [result], "all");
    },
    async free() {
      const lane = { held: heldOf(partitionOfRow()), webhookUuid: webhookUuids[1] };
      const keys = await both("listOrderingKeys", lane, { after: undefined, countMax: 2 });
      await both("listOrderingKeys", lane, { after: keys[0], countMax: 2 });
      await both("freeHeads", lane, keys);
    },
    freeAll: () =>
      chance.chance(0.1)
        ? both("freeAll", { held: heldOf(partitionOfRow()), webhookUuid: webhookUuids[1] })
        : both("getNextOffset", 0),
    async read() {
      const partition = partitionOfRow();
      const lanes = await both("listWaitingLanes", partition);
      for (const { webhookUuid, deliveryClass } of lanes) {
        const lane = { partition, webhookUuid, deliveryClass };
        await both("listDue", { ...lane, busy: [], countMax: 100 });
      }
    },
    async lanes() {
      const partition = partitionOfRow();
      const state = {
        webhookUuid: chance.pick(webhookUuids),
        breakerState: "OPEN",
        breakerReason: "10 time-outs",
        breakerWaitMs: hourMs,
        breakerOpenCount: 2,
        rateWaitMs: chance.pick([0, hourMs]),
        concurrency: chance.pick([undefined, 3]),
        canceledBefore: undefined,
      } as const;
      await both("recordLaneStates", [{ held: heldOf(partition), state }]);
      await both("listLaneStates", partition);
    },
    cancel: () =>
      chance.chance(0.1)
        ? both("cancelWaiting", {
            partition: partitionOfRow(),
            webhookUuid: chance.pick(webhookUuids),
            reason: "WEBHOOK_DELETED",
          })
        : both("getNextOffset", 0),
  };
  const names: [string, ...string[]] = ["fanOut", "fanOut", ...Object.keys(steps)];
  for (let count = 0; count < 600; count += 1) await steps[chance.pick(names)]?.();

  const rows = await postgres.db
    .selectFrom("delivery as d")
    .leftJoin("schedule as s", "s.delivery_id", "d.id")
    .select(["d.id", "d.state", "d.attempt_count", "d.failure_count", "s.class", "s.ordering_key"])
    .execute();
  const theirs = new Map(rows.map(({ id, ...row }) => [id, row]));
  const ours = new Map(
    [...tables.deliveries.values()].map((row) => {
      const waiting = tables.schedule.get(row.uuid);
      return [
        row.uuid,
        {
          state: row.state,
          attempt_count: row.attemptCount,
          failure_count: row.failureCount,
          class: waiting?.deliveryClass ?? null,
          ordering_key: waiting?.order?.place.key ?? null,
        },
      ];
    }),
  );
  expect(ours.size).toBeGreaterThan(20);
  expect(ours).toEqual(theirs);
});
