import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { AppError } from "@posthorn/errors";
import { canRunKafkaBroker, eventually, kafkaBrokers } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { log as silent } from "../test/address.ts";
import {
  type FragileLog,
  fragileKafkaLog,
  fragilePostgresLog,
  kafkaLog,
  postgresLog,
  type TestLog,
} from "../test/logs.ts";
import { type Reader, type ReaderOptions, reader } from "../test/reader.ts";
import { type Bus, type LogRecord, OutOfRangeError } from "./index.ts";

const brokers = await kafkaBrokers();
const longTestMs = 60_000;

const logs = [
  { name: "Postgres", canRun: true, openLog: postgresLog },
  { name: "Kafka", canRun: brokers.length > 0, openLog: () => kafkaLog(brokers) },
].filter(({ canRun }) => canRun);

const fragileLogs = [
  { name: "Postgres", canRun: true, openLog: fragilePostgresLog },
  { name: "Kafka", canRun: brokers.length > 0 && canRunKafkaBroker(), openLog: fragileKafkaLog },
].filter(({ canRun }) => canRun);

describe.each(logs)("the log in $name", ({ openLog }) => {
  let log: TestLog;
  let bus: Bus;
  beforeAll(async () => {
    log = await openLog();
    bus = await log.open();
  });
  afterAll(async () => {
    await bus.close();
    await log.close();
  });

  describe("a topic", () => {
    test("may be ensured again, by several at once", async () => {
      const spec = { name: `t-${randomUUID()}`, partitionCount: 2 };
      await Promise.all([bus.ensureTopics([spec]), bus.ensureTopics([spec])]);
      await bus.ensureTopics([spec]);
      expect((await bus.identity(spec.name)).partitionCount).toBe(2);
    });

    test("keeps its partition count", async () => {
      const topic = await newTopic(2);
      const again = bus.ensureTopics([{ name: topic, partitionCount: 3 }]);
      await expect(again).rejects.toMatchObject({ reason: "precondition" });
    });

    test("has the same identity for every client", async () => {
      const topic = await newTopic(2);
      const other = await newClient();
      const identity = await bus.identity(topic);
      expect(identity.logId).toMatch(/\S{20,}/);
      expect(await other.identity(topic)).toEqual(identity);
    });

    test.each([
      ["identity", (topic: string) => bus.identity(topic)],
      ["publish", (topic: string) => bus.publish(topic, [record("a")])],
      ["endOffset", (topic: string) => bus.endOffset(topic, 0)],
      ["lag", (topic: string) => bus.lag(topic, new Map([[0, 0n]]))],
      [
        "consumer",
        (topic: string) => read({ topic }).failure.then((error) => Promise.reject(error)),
      ],
    ])("that is not there is not found by %s", async (_name, use) => {
      await expect(use(`t-${randomUUID()}`)).rejects.toMatchObject({ reason: "not_found" });
    });

    test("may not have a name that only one of the logs could take", async () => {
      const made = bus.ensureTopics([{ name: "a b", partitionCount: 1 }]);
      await expect(made).rejects.toMatchObject({ reason: "invalid" });
    });
  });

  describe("a record", () => {
    test("comes back with its key, bytes, headers, offset and time", async () => {
      const topic = await newTopic(3);
      const headers = { "content-type": Buffer.from("json"), empty: Buffer.alloc(0), ü: bytes };
      const beforeMs = Date.now() - 1_000;
      await bus.publish(topic, [{ partition: 2, key: Buffer.from("k"), value: bytes, headers }]);
      const readers = read({ topic });
      await readers.until(1);
      const [got] = readers.records;
      expect(plain(got)).toEqual(plain({ key: Buffer.from("k"), value: bytes, headers }));
      expect(got).toMatchObject({ partition: 2, offset: 0n });
      expect(got?.appendedAt.getTime()).toBeGreaterThan(beforeMs);
      expect(got?.appendedAt.getTime()).toBeLessThan(Date.now() + 1_000);
    });

    test("may have no key, no headers and no bytes", async () => {
      const topic = await newTopic(1);
      const bare = { partition: 0, key: null, value: new Uint8Array(), headers: {} };
      await bus.publish(topic, [bare]);
      const readers = read({ topic });
      await readers.until(1);
      expect(plain(readers.records[0])).toEqual(plain(bare));
    });

    test("may have an empty key, which is not the same as none", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [{ ...record("a"), key: new Uint8Array() }]);
      const readers = read({ topic });
      await readers.until(1);
      expect(readers.records[0]?.key).toHaveLength(0);
    });

    test("may be large", async () => {
      const topic = await newTopic(1);
      const value = Buffer.alloc(600_000, "0123456789");
      await bus.publish(topic, [record("a"), { ...record(""), value }, record("b")]);
      const readers = read({ topic });
      expect(await readers.until(3)).toEqual(["a", value.toString(), "b"]);
    });
  });

  describe("publish", () => {
    test("keeps the order of calls and of their records in each partition", async () => {
      const topic = await newTopic(2);
      for (let call = 0; call < 20; call += 1) {
        await bus.publish(
          topic,
          [0, 1, 0, 1].map((at, nth) => record(`${call}.${nth}`, at)),
        );
      }
      const readers = read({ topic });
      await readers.until(80);
      for (const [partition, nths] of [
        [0, [0, 2]],
        [1, [1, 3]],
      ] as const) {
        const values = valuesOf(readers, partition);
        const expected = Array.from({ length: 20 }, (_, call) =>
          nths.map((nth) => `${call}.${nth}`),
        );
        expect(values).toEqual(expected.flat());
      }
    });

    test("keeps the records of a call together, whoever else publishes", async () => {
      const topic = await newTopic(2);
      const other = await newClient();
      const calls = Array.from({ length: 200 }, (_, call) => call);
      await Promise.all(
        calls.map((call) => {
          const records = [0, 1, 2, 3, 4].map((nth) => record(`${call}.${nth}`, call % 2));
          return (call % 3 === 0 ? other : bus).publish(topic, records);
        }),
      );
      const readers = read({ topic });
      await readers.until(1_000);
      for (const partition of [0, 1]) {
        const values = valuesOf(readers, partition);
        const heads = values
          .filter((_, index) => index % 5 === 0)
          .map((value) => value.split(".")[0]);
        expect(values).toEqual(
          heads.flatMap((head) => [0, 1, 2, 3, 4].map((nth) => `${head}.${nth}`)),
        );
        expect(offsetsOf(readers, partition)).toEqual(values.map((_, index) => BigInt(index)));
      }
    });

    test("appends nothing of a call that it refuses", async () => {
      const topic = await newTopic(2);
      const wrong = bus.publish(topic, [record("a", 0), record("b", 2)]);
      await expect(wrong).rejects.toMatchObject({ reason: "invalid" });
      const value = Buffer.alloc(7 * 1024 * 1024);
      const large = bus.publish(topic, [record("a", 0), { ...record("", 1), value }]);
      await expect(large).rejects.toMatchObject({ reason: "too_large" });
      expect(await bus.endOffset(topic, 0)).toBe(0n);
      expect(await bus.endOffset(topic, 1)).toBe(0n);
    });

    test("takes a call of many megabytes whole", async () => {
      const topic = await newTopic(1);
      const value = Buffer.alloc(60_000, "x");
      await bus.publish(
        topic,
        Array.from({ length: 110 }, () => ({ ...record(""), value })),
      );
      expect(await bus.endOffset(topic, 0)).toBe(110n);
      await read({ topic }).until(110);
    });

    test("of nothing does nothing", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, []);
      expect(await bus.endOffset(topic, 0)).toBe(0n);
    });
  });

  describe("endOffset and lag", () => {
    test("count what was appended and what waits", async () => {
      const topic = await newTopic(3);
      await bus.publish(topic, [record("a", 0), record("b", 0), record("c", 1)]);
      expect(await bus.endOffset(topic, 0)).toBe(2n);
      const positions = new Map([
        [0, 1n],
        [1, 1n],
        [2, 0n],
      ]);
      expect(await bus.lag(topic, positions)).toEqual(
        new Map([
          [0, 1n],
          [1, 0n],
          [2, 0n],
        ]),
      );
    });
  });

  describe("a consumer", () => {
    test("starts where the handler says", async () => {
      const topic = await newTopic(1);
      await bus.publish(
        topic,
        ["a", "b", "c", "d"].map((text) => record(text)),
      );
      const readers = read({ topic, offsets: new Map([[0, 2n]]) });
      expect(await readers.until(2)).toEqual(["c", "d"]);
      expect(readers.records[0]?.offset).toBe(2n);
    });

    test("is given what comes later, in batches of no more than it asked for", async () => {
      const topic = await newTopic(1);
      const readers = read({ topic, batchRecordsMax: 7 });
      await bus.publish(
        topic,
        Array.from({ length: 30 }, (_, nth) => record(String(nth))),
      );
      await readers.until(30);
      await bus.publish(topic, [record("30")]);
      expect(await readers.until(31)).toEqual(Array.from({ length: 31 }, (_, nth) => String(nth)));
      expect(Math.max(...readers.batches.map(({ records }) => records.length))).toBeLessThanOrEqual(
        7,
      );
    });

    test("is asked again where to start until it knows", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a"), record("b")]);
      const answers = [undefined, undefined, 1n];
      const readers = read({ topic, startAt: async () => answers.shift() });
      expect(await readers.until(1)).toEqual(["b"]);
    });

    test("reads on from the offset that the handler gives", async () => {
      const topic = await newTopic(1);
      await bus.publish(
        topic,
        ["a", "b", "c", "d"].map((text) => record(text)),
      );
      const answers = [2n, 0n, 3n];
      const firsts: (bigint | undefined)[] = [];
      const readers = read({
        topic,
        batchRecordsMax: 1,
        handle: (batch, accept) => {
          firsts.push(batch.records[0]?.offset);
          return answers.shift() ?? accept(batch);
        },
      });
      expect(await readers.until(1)).toEqual(["d"]);
      expect(firsts).toEqual([0n, 2n, 0n, 3n]);
    });

    test("is asked where to start again when the handler gives no offset", async () => {
      const topic = await newTopic(1);
      await bus.publish(
        topic,
        ["a", "b", "c"].map((text) => record(text)),
      );
      const starts = [0n, 2n];
      const answers = [undefined];
      const readers = read({
        topic,
        startAt: async () => starts.shift(),
        handle: (batch, accept) => (answers.length > 0 ? answers.pop() : accept(batch)),
      });
      expect(await readers.until(1)).toEqual(["c"]);
    });

    test("is given a batch again while it fails for a passing reason", async () => {
      const topic = await newTopic(2);
      await bus.publish(topic, [record("a", 0), record("b", 1)]);
      const problems = [1, 2, 3].map(() => new AppError("unavailable", "the database is away"));
      const readers = read({
        topic,
        handle: (batch, accept) => {
          const problem = batch.partition === 0 ? problems.pop() : undefined;
          if (problem) throw problem;
          return accept(batch);
        },
      });
      expect((await readers.until(2)).sort()).toEqual(["a", "b"]);
      expect(problems).toHaveLength(0);
    });

    test("fails with what the handler throws as a defect", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a")]);
      const defect = new Error("a defect");
      const readers = read({
        topic,
        handle: () => {
          throw defect;
        },
      });
      expect(await readers.failure).toBe(defect);
      expect(readers.held.size).toBe(0);
    });

    test("handles one batch of a partition at a time, and partitions beside each other", async () => {
      const topic = await newTopic(2);
      const both = Promise.withResolvers<void>();
      const busy = new Set<number>();
      let overlapCount = 0;
      const readers = read({
        topic,
        batchRecordsMax: 1,
        handle: async (batch, accept) => {
          if (busy.has(batch.partition)) overlapCount += 1;
          busy.add(batch.partition);
          if (busy.size === 2) both.resolve();
          await both.promise;
          busy.delete(batch.partition);
          return accept(batch);
        },
      });
      await eventually(() => expect(readers.held.size).toBe(2));
      await bus.publish(
        topic,
        [0, 1, 0, 1].map((partition) => record("a", partition)),
      );
      await readers.until(4);
      expect(overlapCount).toBe(0);
    });

    test("waits for what was begun and starts again when that was not done to its end", async () => {
      const topic = await newTopic(1);
      await bus.publish(
        topic,
        ["a", "b", "c"].map((text) => record(text)),
      );
      const offsets = new Map<number, bigint>();
      let isFirst = true;
      let begunCount = 0;
      const readers = read({
        topic,
        offsets,
        batchRecordsMax: 1,
        startAt: async () => {
          expect(begunCount).toBe(0);
          return offsets.get(0) ?? 0n;
        },
        handle: (batch, accept) => {
          const isLost = isFirst;
          isFirst = false;
          begunCount += 1;
          const done = new Promise<void>(setImmediate).then(() => {
            begunCount -= 1;
            return isLost || offsets.get(0) !== batch.records[0]?.offset
              ? undefined
              : accept(batch);
          });
          return isLost ? { done } : done;
        },
      });
      offsets.set(0, 0n);
      expect(await readers.until(3)).toEqual(["a", "b", "c"]);
    });

    test("fails with what was begun and ends as a defect", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a")]);
      const defect = new Error("a defect");
      const readers = read({ topic, handle: () => ({ done: Promise.reject(defect) }) });
      expect(await readers.failure).toBe(defect);
      expect(readers.held.size).toBe(0);
    });

    test("hears the stop while it handles, and lets go of its partitions", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a")]);
      const begun = Promise.withResolvers<void>();
      const stop = new AbortController();
      const stopped: number[] = [];
      const part = bus.consumer({
        topic,
        group: "stoppers",
        batchRecordsMax: 1,
        log: silent,
        handler: {
          start: async () => 0n,
          handle: async (_batch, aborted) => {
            begun.resolve();
            await once(aborted, "abort");
            throw aborted.reason;
          },
          stopped: (partition) => stopped.push(partition),
        },
      });
      const ended = part.run(stop.signal, () => {});
      await begun.promise;
      stop.abort();
      await ended;
      expect(stopped).toEqual([0]);
    });

    test("fails when it asks for records that the log has no longer", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a"), record("b")]);
      await log.forget(topic);
      await bus.publish(topic, [record("c")]);
      const readers = read({ topic, offsets: new Map([[0, 1n]]) });
      const problem = await readers.failure;
      expect(problem).toBeInstanceOf(OutOfRangeError);
      expect(problem).toHaveProperty("message", expect.stringContaining("keeps 2 to 3"));
      expect(readers.records).toEqual([]);
    });

    test("reads on where the kept records begin", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a"), record("b")]);
      await log.forget(topic);
      const readers = read({ topic, offsets: new Map([[0, 2n]]) });
      await bus.publish(topic, [record("c")]);
      expect(await readers.until(1)).toEqual(["c"]);
    });

    test.each([
      ["at the start", { startAt: async () => 3n }],
      ["by seeking", { handle: () => 4n }],
    ])("fails when it asks for records that are not there yet, %s", async (_when, options) => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a"), record("b")]);
      expect(await read({ topic, ...options }).failure).toBeInstanceOf(OutOfRangeError);
    });
  });

  describe("a group", () => {
    test(
      "shares the partitions, and moves them when a member comes or leaves",
      async () => {
        const topic = await newTopic(8);
        const offsets = new Map<number, bigint>();
        const second = await newClient();
        const publishing = publishSteadily(topic, 8);
        const a = read({ topic, offsets });
        await eventually(() => expect(a.held.size).toBe(8), { timeoutMs: 20_000 });
        const b = reader(second, { topic, offsets });
        await eventually(() => expect([a.held.size, b.held.size]).toEqual([4, 4]), {
          timeoutMs: 20_000,
        });
        await a.stop();
        await eventually(() => expect(b.held.size).toBe(8), { timeoutMs: 20_000 });
        const count = await publishing.stop();
        await eventually(() => expect(a.records.length + b.records.length).toBe(count), {
          timeoutMs: 20_000,
        });
        await b.stop();
        for (let partition = 0; partition < 8; partition += 1) {
          const got = [...offsetsOf(a, partition), ...offsetsOf(b, partition)];
          expect(got).toEqual(got.map((_, index) => BigInt(index)));
        }
      },
      longTestMs,
    );

    test("of another name reads everything too", async () => {
      const topic = await newTopic(1);
      await bus.publish(topic, [record("a")]);
      const readers = [read({ topic, group: "one" }), read({ topic, group: "two" })];
      for (const each of readers) expect(await each.until(1)).toEqual(["a"]);
    });

    test(
      "gets again what a killed member had not stored",
      async () => {
        const topic = await newTopic(2);
        const sent = [record("a", 0), record("b", 1), record("c", 0)];
        await bus.publish(topic, sent);
        const script = fileURLToPath(new URL("../test/stuck-consumer.ts", import.meta.url));
        const args = ["--conditions=source", script, JSON.stringify(log.address), topic, "readers"];
        const child = spawn(execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
        const died = once(child, "exit").then(() => Promise.reject(new Error("the child ended")));
        await Promise.race([once(child.stdout, "data"), died]);
        died.catch(() => {}); // From here on its end is wanted.
        child.kill("SIGKILL");
        await once(child, "exit");
        const readers = read({ topic });
        expect((await readers.until(3, 30_000)).sort()).toEqual(["a", "b", "c"]);
      },
      longTestMs,
    );
  });

  describe("close", () => {
    test("waits for publishes that came before it, even a client's first, and refuses more", async () => {
      const topic = await newTopic(1);
      const other = await log.open();
      const publishing = [1, 2, 3].map((nth) => other.publish(topic, [record(String(nth))]));
      const closing = other.close();
      const late = other.publish(topic, [record("late")]);
      await expect(late).rejects.toMatchObject({ reason: "unavailable" });
      await Promise.all([...publishing, closing]);
      expect(await bus.endOffset(topic, 0)).toBe(3n);
    });

    test("may be called twice, and without any use before", async () => {
      const unused = await log.open();
      await unused.close();
      await unused.close();
    });
  });

  async function newTopic(partitionCount: number): Promise<string> {
    const name = `t-${randomUUID()}`;
    await bus.ensureTopics([{ name, partitionCount }]);
    return name;
  }

  async function newClient(): Promise<Bus> {
    const client = await log.open();
    onTestFinished(() => client.close());
    return client;
  }

  function read(options: ReaderOptions): Reader {
    const started = reader(bus, options);
    onTestFinished(() => started.stop());
    return started;
  }

  /** Publishes until it is stopped; gives the count. */
  function publishSteadily(topic: string, partitionCount: number) {
    let count = 0;
    let isStopped = false;
    const publishing = (async () => {
      while (!isStopped) {
        await bus.publish(topic, [record(String(count), count % partitionCount)]);
        count += 1;
      }
    })();
    return {
      async stop() {
        isStopped = true;
        await publishing;
        return count;
      },
    };
  }
});

describe.each(fragileLogs)("the log in $name, when its server goes away", ({ openLog }) => {
  let log: FragileLog;
  beforeAll(async () => {
    log = await openLog();
  }, longTestMs);
  afterAll(() => log.close());

  test("refuses publishes as unavailable, and goes on by itself afterwards", async () => {
    const topic = `t-${randomUUID()}`;
    const bus = await log.open();
    await bus.ensureTopics([{ name: topic, partitionCount: 2 }]);
    await bus.publish(topic, [record("before", 0)]);
    const readers = reader(bus, { topic });
    await readers.until(1);

    await log.stop();
    const publishing = bus.publish(topic, [record("during", 0)]);
    await expect(publishing).rejects.toMatchObject({ reason: "unavailable" });
    await expect(bus.endOffset(topic, 0)).rejects.toMatchObject({ reason: "unavailable" });

    await log.start();
    await eventually(() => bus.publish(topic, [record("after", 1)]), { timeoutMs: 30_000 });
    await eventually(() => expect(textsOf(readers)).toContain("after"), { timeoutMs: 30_000 });
    expect(textsOf(readers)[0]).toBe("before");
    await readers.stop();
    await bus.close();
  }, 120_000);
});

const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

function record(text: string, partition = 0): LogRecord {
  return { partition, key: Buffer.from("ws_a"), value: Buffer.from(text), headers: {} };
}

/** Without the difference between a Buffer and another array of bytes. */
function plain(of: Pick<LogRecord, "key" | "value" | "headers"> | undefined) {
  const headers = Object.entries(of?.headers ?? {}).map(([name, value]) => [name, [...value]]);
  return { key: of?.key && [...of.key], value: [...(of?.value ?? [])], headers };
}

function valuesOf({ records }: Reader, partition: number): string[] {
  return records
    .filter((each) => each.partition === partition)
    .map(({ value }) => Buffer.from(value).toString());
}

function offsetsOf({ records }: Reader, partition: number): bigint[] {
  return records.filter((each) => each.partition === partition).map(({ offset }) => offset);
}

function textsOf({ records }: Reader): string[] {
  return records.map(({ value }) => Buffer.from(value).toString());
}
