import { AppError } from "@posthorn/errors";
import type { Logger } from "@posthorn/runtime";
import type { Kafka, Message, Producer } from "kafkajs";
import type { LogRecord } from "../bus.ts";
import { gather } from "../gather.ts";
import { warnSeldom } from "../warn-seldom.ts";
import { retry } from "./client.ts";

const flushRecordsMax = 1_000;
const flushBytesMax = 4 * 1024 * 1024;
const waitingBytesMax = 64 * 1024 * 1024;
const waitMsMax = 10_000;

/** About 8 s: as long as the brokers take to choose other leaders for a lost one's partitions. */
const sendRetry = { ...retry, retries: 9 };

interface Call {
  readonly topic: string;
  readonly records: readonly LogRecord[];
  readonly bytes: number;
}

/** Appends to any topic, one request to each broker at a time. */
export interface KafkaPublisher {
  publish(call: Call): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/**
 * Sends what came together as one batch a partition, which Kafka appends whole or not at all. A
 * producer that failed is replaced: it would number its next batch like the lost one, and a broker
 * that has that one after all would take the next for its copy and drop it.
 */
export function kafkaPublisher({ kafka, log }: { kafka: Kafka; log: Logger }): KafkaPublisher {
  const warn = warnSeldom(log, "append not confirmed");
  let connecting: Promise<Producer> | undefined;
  const calls = gather<Call>({
    flush,
    countOf: ({ records }) => records.length,
    bytesOf: ({ bytes }) => bytes,
    flushCountMax: flushRecordsMax,
    flushBytesMax,
    waitingBytesMax,
    waitMsMax,
  });
  return {
    publish: (call) => calls.add(call),
    async close() {
      await calls.idle();
      await discard(connecting);
    },
  };

  async function flush(taken: readonly Call[]): Promise<void> {
    connecting ??= connect(kafka);
    const current = connecting;
    try {
      const producer = await current;
      await producer.sendBatch({ acks: -1, topicMessages: toTopicMessages(taken) });
    } catch (error) {
      connecting = undefined;
      discard(current).catch(() => {}); // It has failed already.
      warn(error);
      throw new AppError("unavailable", "the log does not answer", { cause: error });
    }
  }
}

async function connect(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: sendRetry,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  try {
    await producer.connect();
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
  return producer;
}

async function discard(connecting: Promise<Producer> | undefined): Promise<void> {
  const producer = await connecting?.catch(() => undefined);
  await producer?.disconnect();
}

function toTopicMessages(calls: readonly Call[]): { topic: string; messages: Message[] }[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, records } of calls) {
    const messages = byTopic.get(topic) ?? [];
    byTopic.set(topic, messages);
    for (const record of records) messages.push(toMessage(record));
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function toMessage({ partition, key, value, headers }: LogRecord): Message {
  const message = { partition, key: key && toBuffer(key), value: toBuffer(value) };
  const names = Object.keys(headers);
  if (names.length === 0) return message;
  const entries = names.map((name) => [name, toBuffer(headers[name] ?? new Uint8Array())]);
  return { ...message, headers: Object.fromEntries(entries) };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
