import type { Postgres } from "@posthorn/postgres";
import { dayOf, newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyTables } from "../testing/tables.ts";
import type { Database } from "./database.ts";
import { insertDay } from "./days.ts";
import { insertFanOut, type NewDelivery, type NewEvent } from "./fan-outs.ts";
import { claimPartition, insertPartitions } from "./partitions.ts";

let postgres: Postgres<Database>;
let close: () => Promise<void>;
const day = dayOf(newUuid());

beforeAll(async () => {
  ({ postgres, close } = await emptyTables());
  await insertPartitions(postgres.db, 1);
  await insertDay(postgres.db, day);
});
afterAll(() => close());

function newEvent(offset: bigint): NewEvent {
  return {
    uuid: newUuid(),
    day,
    offset,
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
}

function deliveryOf(event: NewEvent): { delivery: NewDelivery } {
  return { delivery: { uuid: newUuid(), event, webhookUuid: newUuid(), matchedBy: "" } };
}

test("an event that is stored already is left out with its deliveries, and those beside it are stored", async () => {
  const { db } = postgres;
  const epoch = (await claimPartition(db, { partition: 0, owner: "test", leaseMs: 60_000 })) ?? "";
  const held = { partition: 0, epoch };
  const [stored, fresh] = [newEvent(0n), newEvent(2n)];
  const [first, again, beside] = [deliveryOf(stored), deliveryOf(stored), deliveryOf(fresh)];
  const one = { events: [stored], deliveries: [first], parked: [] };
  const both = { events: [stored, fresh], deliveries: [again, beside], parked: [] };
  await insertFanOut(db, { held, fromOffset: 0n, toOffset: 1n, ...one }, "all");
  const step = { held, fromOffset: 1n, toOffset: 3n, ...both };
  expect(await insertFanOut(db, step, "all")).toEqual(new Set([fresh.uuid]));
  const ids = await db.selectFrom("delivery").select("id").execute();
  expect(ids.map(({ id }) => id).sort()).toEqual(
    [first.delivery.uuid, beside.delivery.uuid].sort(),
  );
  expect(await insertFanOut(db, step, "all")).toBeUndefined();
});
