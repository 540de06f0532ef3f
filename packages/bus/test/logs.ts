import { eventually, kafkaBroker, testDatabase } from "@posthorn/testkit";
import { Kafka, logLevel } from "kafkajs";
import { type Bus, kafkaBus, postgresBus, type SegmentLimits } from "../src/index.ts";
import { type LogAddress, log, openLog, sessionTimeoutMs } from "./address.ts";
import { tcpProxy } from "./proxy.ts";
import { reader } from "./reader.ts";

/** A log for the contract tests. */
export interface TestLog {
  readonly address: LogAddress;
  /** One more client of the same log. */
  open(): Promise<Bus>;
  /** Makes the log forget the topic's records that have been appended so far. */
  forget(topic: string): Promise<void>;
  close(): Promise<void>;
}

/** A log whose server can go away. */
export interface FragileLog {
  open(): Promise<Bus>;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Segments end after any record, and are looked at all the time. */
export const eagerSegments: SegmentLimits = { bytesMax: 0, ageMsMax: 60_000, lookMs: 20 };

/** A log in a database of its own. */
export async function postgresLog(): Promise<TestLog> {
  const database = await testDatabase();
  const address = { kind: "postgres", url: database.url } as const;
  return {
    address,
    open: () => openLog(address),
    async forget(topic) {
      const bus = await postgresBus({ url: database.url, log, segmentLimits: eagerSegments });
      const { partitionCount } = await bus.identity(topic);
      const passing = reader(bus, { topic, group: "passing" });
      await eventually(async () => {
        for (let partition = 0; partition < partitionCount; partition += 1) {
          await expectForgotten(bus, topic, partition);
        }
      });
      await passing.stop();
      await bus.close();
    },
    close: () => database.drop(),
  };
}

/** Throws while the partition's first record can still be read. */
async function expectForgotten(bus: Bus, topic: string, partition: number): Promise<void> {
  if ((await bus.endOffset(topic, partition)) === 0n) return;
  const probe = reader(bus, { topic, group: "probe", startAt: async () => 0n });
  const problem = await Promise.race([probe.until(1), probe.failure]);
  await probe.stop();
  if (!(problem instanceof Error)) throw new Error("the records are still there");
}

/** A log on the run's brokers. */
export async function kafkaLog(brokers: readonly string[]): Promise<TestLog> {
  const address = { kind: "kafka", brokers } as const;
  return {
    address,
    open: () => openLog(address),
    async forget(topic) {
      const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const offsets = await admin.fetchTopicOffsets(topic);
      const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.deleteTopicRecords({ topic, partitions });
      await admin.disconnect();
    },
    close: async () => {},
  };
}

/** A database behind a connection that can be cut. */
export async function fragilePostgresLog(): Promise<FragileLog> {
  const database = await testDatabase();
  const url = new URL(database.url);
  const proxy = await tcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  return {
    open: () => postgresBus({ url: url.href, log }),
    stop: () => proxy.cut(),
    start: () => proxy.restore(),
    async close() {
      await proxy.close();
      await database.drop();
    },
  };
}

/** A broker of the test's own. */
export async function fragileKafkaLog(): Promise<FragileLog> {
  const broker = await kafkaBroker();
  return {
    open: () => kafkaBus({ brokers: broker.brokers, clientId: "test", sessionTimeoutMs, log }),
    stop: () => broker.kill(),
    start: () => broker.start(),
    close: () => broker.close(),
  };
}
