import { runParts } from "@posthorn/runtime";
import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { log } from "../../test/address.ts";
import { onePartition, records } from "../../test/one-partition.ts";
import type { Batch, Bus } from "../bus.ts";

const topic = "begun.v1";
let bus: Bus;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ bus, close } = await onePartition(topic));
});
afterAll(() => close());

it("batches are handed over while those before are not done, up to two full ones", async () => {
  const stop = new AbortController();
  const begun: { batch: Batch; end(): void }[] = [];
  const consumer = bus.consumer({
    topic,
    group: "readers",
    batchRecordsMax: 10,
    log,
    handler: {
      start: async () => 0n,
      async handle(batch) {
        const done = Promise.withResolvers<bigint>();
        const next = (batch.records.at(-1)?.offset ?? -1n) + 1n;
        begun.push({ batch, end: () => done.resolve(next) });
        return { done: done.promise };
      },
    },
  });
  const running = runParts([consumer], { stop: stop.signal, stopTimeoutMs: 5_000 });
  const firsts = () => begun.map(({ batch }) => batch.records[0]?.offset);
  await bus.publish(topic, records(50));
  await eventually(() => expect(firsts()).toEqual([0n, 10n]));
  begun[0]?.end();
  await eventually(() => expect(firsts()).toEqual([0n, 10n, 20n]));
  begun[1]?.end();
  begun[2]?.end();
  await eventually(() => expect(firsts()).toEqual([0n, 10n, 20n, 30n, 40n]));
  for (const { end } of begun) end();
  stop.abort();
  await running;
});

it("a reader hears of what its own process is about to append, and later since when", async () => {
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  const heard: (string | bigint | boolean | undefined)[] = [];
  let heardAtMs = Number.POSITIVE_INFINITY;
  const consumer = bus.consumer({
    topic,
    group: "listeners",
    batchRecordsMax: 10,
    log,
    handler: {
      async start() {
        started.resolve();
        return bus.endOffset(topic, 0);
      },
      appending: (coming) => {
        heard.push(`${coming.length} coming`);
        heardAtMs = performance.now();
      },
      async handle({ records: [first] }) {
        heard.push(first?.offset, (first?.appendingSinceMs ?? Number.NaN) <= heardAtMs);
        return (first?.offset ?? 0n) + 1n;
      },
    },
  });
  const offset = await bus.endOffset(topic, 0);
  const running = runParts([consumer], { stop: stop.signal, stopTimeoutMs: 5_000 });
  await started.promise;
  await bus.publish(topic, records(1));
  await eventually(() => expect(heard).toEqual(["1 coming", offset, true]));
  stop.abort();
  await running;
});
