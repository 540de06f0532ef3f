import { logger, runParts } from "@posthorn/runtime";
import { type TestDatabase, testDatabase } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Bus, LogRecord } from "../bus.ts";
import { postgresBus } from "./postgres-bus.ts";

const log = logger({ name: "test", level: "silent" });
const topic = "crowded.v1";
let database: TestDatabase;
let bus: Bus;

beforeAll(async () => {
  database = await testDatabase();
  bus = await postgresBus({ url: database.url, log });
  await bus.ensureTopics([{ name: topic, partitionCount: 1 }]);
});
afterAll(async () => {
  await bus.close();
  await database.drop();
});

function records(count: number): LogRecord[] {
  const value = Buffer.from("{}");
  return Array.from({ length: count }, () => ({ partition: 0, key: null, value, headers: {} }));
}

it("who publishes batches waits for a reader that is behind; who publishes little does not", async () => {
  const stop = new AbortController();
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let handledCount = 0;
  const consumer = bus.consumer({
    topic,
    group: "readers",
    batchRecordsMax: 500,
    log,
    handler: {
      start: async () => BigInt(handledCount),
      async handle({ records: batch }) {
        began.resolve();
        await goOn.promise;
        handledCount += batch.length;
        return (batch.at(-1)?.offset ?? -1n) + 1n;
      },
    },
  });
  const running = runParts([consumer], { stop: stop.signal, stopTimeoutMs: 5_000 });
  await bus.publish(topic, records(1));
  await began.promise;
  await bus.publish(topic, records(300)); // nothing waits yet but what is being handled
  let isPublished = false;
  const publishing = bus.publish(topic, records(100)).then(() => {
    isPublished = true;
  });
  await bus.publish(topic, records(1));
  expect(isPublished).toBe(false);
  goOn.resolve();
  await publishing;
  stop.abort();
  await running;
});
