import { runParts } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { log } from "../../test/address.ts";
import { onePartition, records } from "../../test/one-partition.ts";
import type { Bus } from "../bus.ts";

const topic = "crowded.v1";
let bus: Bus;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ bus, close } = await onePartition(topic));
});
afterAll(() => close());

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
