import { randomUUID } from "node:crypto";
import { eventually, type TestDatabase, testDatabase } from "@posthorn/testkit";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { log } from "../../test/address.ts";
import { eagerSegments } from "../../test/logs.ts";
import { type Reader, type ReaderOptions, reader } from "../../test/reader.ts";
import type { Bus } from "../bus.ts";
import { OutOfRangeError } from "../out-of-range.ts";
import { openPool } from "./connection.ts";
import { trimSegments } from "./maintenance.ts";
import { postgresBus } from "./postgres-bus.ts";
import { segmentTable } from "./segments.ts";

describe("segments of the Postgres log", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let bus: Bus;
  beforeAll(async () => {
    database = await testDatabase();
    pool = openPool({ url: database.url, log, name: "test", connectionCountMax: 2 });
    bus = await postgresBus({ url: database.url, log, segmentLimits: eagerSegments });
  });
  afterAll(async () => {
    await bus.close();
    await pool.end();
    await database.drop();
  });

  test("are dropped when the last group has passed them, and not before", async () => {
    const topic = await newTopic();
    const gate = Promise.withResolvers<void>();
    const fast = read({ topic, group: "fast" });
    const slow = read({
      topic,
      group: "slow",
      handle: async (batch, accept) => {
        await gate.promise;
        return accept(batch);
      },
    });
    await registered(fast, slow);
    for (const text of ["a", "b", "c"]) await appendAsSegment(topic, text);
    await fast.until(3);
    expect(await firstOffsets(topic)).toEqual(["0", "1", "2", "3"]);
    gate.resolve();
    await slow.until(3);
    await eventually(async () => expect(await firstOffsets(topic)).toEqual(["3"]));
    expect(await tableCount(topic)).toBe(1);
  });

  test("wait for a group whose members are all away", async () => {
    const topic = await newTopic();
    const offsets = new Map<number, bigint>();
    const first = read({ topic, group: "away", offsets });
    const other = read({ topic, group: "here" });
    await registered(first, other);
    await appendAsSegment(topic, "a");
    await first.until(1);
    await first.stop();
    for (const text of ["b", "c"]) await appendAsSegment(topic, text);
    await other.until(3);
    expect((await firstOffsets(topic)).slice(-3)).toEqual(["1", "2", "3"]);
    expect(await read({ topic, group: "away", offsets }).until(2)).toEqual(["b", "c"]);
  });

  test("are read one after the other, from wherever a reader begins", async () => {
    const topic = await newTopic();
    const asked = Promise.withResolvers<void>();
    const startAt = async () => asked.resolve() as undefined;
    const blocking = read({ topic, group: "blocking", startAt });
    await asked.promise;
    for (const text of ["a", "b", "c", "d"]) await appendAsSegment(topic, text);
    const all = read({ topic, group: "all" });
    const some = read({ topic, group: "some", offsets: new Map([[0, 2n]]) });
    expect(await all.until(4)).toEqual(["a", "b", "c", "d"]);
    expect(await some.until(2)).toEqual(["c", "d"]);
    expect(blocking.records).toEqual([]);
  });

  test("that are gone are missed loudly by a group that begins at 0", async () => {
    const topic = await newTopic();
    const first = read({ topic, group: "first" });
    await appendAsSegment(topic, "a");
    await first.until(1);
    await eventually(async () => expect(await firstOffsets(topic)).toEqual(["1"]));
    expect(await read({ topic, group: "later" }).failure).toBeInstanceOf(OutOfRangeError);
  });

  test("that nobody ever reads are dropped by age, but for the open one", async () => {
    const topic = await newTopic();
    keep({ topic, ageMsMax: 0, bytesMax: Number.MAX_SAFE_INTEGER });
    for (const text of ["a", "b", "c"]) await bus.publish(topic, [record(text)]);
    await eventually(async () => expect(await firstOffsets(topic)).toEqual(["3"]));
    expect(await tableCount(topic)).toBe(1);
  });

  test("that nobody ever reads are dropped when there is too much", async () => {
    const topic = await newTopic();
    keep({ topic, ageMsMax: 3_600_000, bytesMax: 1 });
    for (const text of ["a", "b", "c"]) await bus.publish(topic, [record(text)]);
    await eventually(async () => expect(await firstOffsets(topic)).toEqual(["3"]));
  });

  test("stay, read or not, while there is room for them", async () => {
    const topic = await newTopic();
    const all = { topic, ageMsMax: 3_600_000, bytesMax: Number.MAX_SAFE_INTEGER };
    keep(all);
    for (const text of ["a", "b"]) await appendAsSegment(topic, text);
    expect(await firstOffsets(topic)).toEqual(["0", "1", "2"]);
    expect(await read({ topic }).until(2)).toEqual(["a", "b"]);
  });

  test("change while several processes append, and lose nothing", async () => {
    const topic = await newTopic();
    const others = [await newBus(), await newBus()];
    const readers = read({ topic });
    await Promise.all(
      [bus, ...others].map(async (each) => {
        for (let nth = 0; nth < 100; nth += 1) await each.publish(topic, [record(`${nth}`)]);
      }),
    );
    await readers.until(300);
    const offsets = readers.records.map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
    expect(Number((await firstOffsets(topic)).at(-1))).toBeGreaterThan(0);
  });

  test("end and are dropped without failing an append that was about to wait for them", async () => {
    const quiet = await postgresBus({ url: database.url, log });
    onTestFinished(() => quiet.close());
    const topic = await newTopic();
    await quiet.publish(topic, [record("a")]);
    const { rows } = await pool.query<{ topic_id: number; segment_id: number }>(
      `select topic_id, segment_id from bus.partition_head
      where topic_id = (select id from bus.topic where name = $1)`,
      [topic],
    );
    const [{ topic_id: topicId, segment_id: segmentId } = { topic_id: 0, segment_id: 0 }] = rows;
    const append = await pool.connect();
    await append.query("begin");
    await append.query(`lock table ${segmentTable(segmentId)} in row exclusive mode`);
    const kept = { ageMsMax: 0, bytesMax: Number.MAX_SAFE_INTEGER };
    const trimPool = openPool({ url: database.url, log, name: "trim", connectionCountMax: 1 });
    const trimming = trimSegments(trimPool, topicId, { limits: eagerSegments, kept });
    await eventually(async () => expect(await firstOffsets(topic)).toEqual(["0", "1"]));
    await append.query("select from bus.partition_head where topic_id = $1 for update", [topicId]);
    await append.query("commit");
    append.release();
    await trimming;
    expect(await firstOffsets(topic)).toEqual(["1"]);
    await trimPool.end();
  });

  async function newTopic(): Promise<string> {
    const name = `t-${randomUUID()}`;
    await bus.ensureTopics([{ name, partitionCount: 1 }]);
    return name;
  }

  async function newBus(): Promise<Bus> {
    const other = await postgresBus({ url: database.url, log });
    onTestFinished(() => other.close());
    return other;
  }

  function read(options: ReaderOptions): Reader {
    const started = reader(bus, options);
    onTestFinished(() => started.stop());
    return started;
  }

  function keep(kept: { topic: string; ageMsMax: number; bytesMax: number }): void {
    const stop = new AbortController();
    const ended = bus.retention({ ...kept, log }).run(stop.signal, () => {});
    onTestFinished(async () => {
      stop.abort();
      await ended;
    });
  }

  /** A group that comes when segments have been dropped already cannot begin at 0. */
  async function registered(...readers: Reader[]): Promise<void> {
    await eventually(() => expect(readers.map(({ held }) => held.size)).toEqual([1, 1]));
  }

  /** Waits until the record's segment is closed. */
  async function appendAsSegment(topic: string, text: string): Promise<void> {
    await bus.publish(topic, [record(text)]);
    const end = await bus.endOffset(topic, 0);
    await eventually(async () => expect((await firstOffsets(topic)).at(-1)).toBe(String(end)));
  }

  async function firstOffsets(topic: string): Promise<string[]> {
    const { rows } = await pool.query<{ first_offset: string }>(
      `select first_offset from bus.segment_range
      where topic_id = (select id from bus.topic where name = $1) order by segment_id`,
      [topic],
    );
    return rows.map(({ first_offset }) => first_offset);
  }

  /** Counts also what no row names any more: the ids of the topics' segments only grow. */
  async function tableCount(topic: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::integer as count from pg_tables t
      where schemaname = 'bus' and tablename ~ '^segment_[0-9]+$' and not exists (
        select from bus.segment s join bus.topic on topic.id = s.topic_id
        where 'segment_' || s.id = t.tablename and topic.name <> $1
      )`,
      [topic],
    );
    return rows[0]?.count ?? 0;
  }
});

function record(text: string) {
  return { partition: 0, key: null, value: Buffer.from(text), headers: {} };
}
