import { type Bus, postgresBus } from "@posthorn/bus";
import { type Cuttable, cuttable, eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { FakeSubscription } from "../../test/fake-subscription.ts";
import { deadRecordsOf, eventsOf, ingestCase, produce, startIngest } from "../../test/ingest.ts";
import { silent } from "../../test/setup.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
let way: Cuttable;
/** The log as the test sees it, and as the service does. */
let bus: Bus;
let cutBus: Bus;
beforeAll(async () => {
  database = await ingestionDatabase();
  way = await cuttable(database.url);
  bus = await postgresBus({ url: database.url, log: silent });
  cutBus = await postgresBus({ url: way.url, log: silent });
});
afterAll(async () => {
  await cutBus.close();
  await bus.close();
  await way.close();
  await database.drop();
});

const record = (data: number) => ({
  headers: { "posthorn-workspace": "acme" },
  value: `{"type":"a","data":${data}}`,
});

test.each([
  ["Postgres", () => ({ url: way.url, bus })],
  ["the log", () => ({ url: database.url, bus: cutBus })],
  ["both", () => ({ url: way.url, bus: cutBus })],
])(
  "while %s is down records wait; then all are published and none is refused",
  async (_, reach) => {
    const subscription = new FakeSubscription();
    const ingest = await ingestCase({ url: database.url, bus, subscription });
    const service = await startIngest({ ...ingest, ...reach() });
    await produce(ingest, [record(0)]);
    await eventsOf(ingest, "acme", 1);
    way.cut();
    await produce(ingest, [record(1), record(2)]);
    const refusedBefore = way.refusedCount;
    await eventually(() => expect(way.refusedCount).toBeGreaterThan(refusedBefore + 2));
    way.mend();
    const events = await eventsOf(ingest, "acme", 3);
    const numbers = events.map(({ data }) => Number(Buffer.from(data).toString()));
    expect([...new Set(numbers)]).toEqual([0, 1, 2]);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(3);
    expect(await deadRecordsOf(ingest, 0)).toEqual([]);
    await service.stop();
  },
);
