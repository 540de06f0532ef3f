import { AppError } from "@posthorn/errors";
import { retrying, untilStopped } from "@posthorn/runtime";
import type { Admin, Kafka } from "kafkajs";
import type { Bus, LogRecord, TopicSpec } from "../bus.ts";
import { checkPartitionCount, checkRecords } from "../check.ts";
import { lagOf } from "../lag.ts";
import { recordBytes } from "../record-bytes.ts";
import { checkTopicSpec } from "../topic-spec.ts";
import { isTransient } from "../transient.ts";
import { underWay } from "../under-way.ts";
import { type KafkaBusOptions, kafkaClient, retry } from "./client.ts";
import { consumerPart } from "./consumer.ts";
import { type KafkaPublisher, kafkaPublisher } from "./publisher.ts";
import { listRanges, type OffsetRange } from "./ranges.ts";
import { type MetadataReader, metadataReader, type TopicMetadata } from "./topic-metadata.ts";
import { awaitMetadata, createTopics, requireMetadata } from "./topics.ts";

/**
 * Opens the log that is kept in Kafka (2.8 or later). Connects when it is first used. Sends what
 * came while a request was under way with the next one.
 */
export async function kafkaBus(options: KafkaBusOptions): Promise<Bus> {
  return new KafkaBus(options);
}

/** A broker that does not answer at all has been tried for two seconds by the client. */
const delaysMs = [50, 100, 200, 400, 800, 1_600];

class KafkaBus implements Bus {
  readonly #options: KafkaBusOptions;
  readonly #kafka: Kafka;
  readonly #metadata: MetadataReader;
  readonly #publisher: KafkaPublisher;
  readonly #partitionCounts = new Map<string, number>();
  readonly #publishes = underWay();
  #admin: Promise<Admin> | undefined;
  #isClosed = false;

  constructor(options: KafkaBusOptions) {
    this.#options = options;
    this.#kafka = kafkaClient(options);
    this.#metadata = metadataReader(this.#kafka);
    this.#publisher = kafkaPublisher({ kafka: this.#kafka, log: options.log });
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    const missing: TopicSpec[] = [];
    for (const topic of topics) {
      checkTopicSpec(topic);
      const found = await this.#answering(this.#metadata.get(topic.name));
      if (found) checkPartitionCount(topic, found.partitionCount);
      else missing.push(topic);
    }
    if (missing.length === 0) return;
    await this.#withAdmin((admin) => createTopics(admin, missing));
    // Another process may have been first, with another count.
    for (const topic of missing) {
      const found = await this.#answering(awaitMetadata(this.#metadata, topic.name));
      checkPartitionCount(topic, found.partitionCount);
    }
  }

  async identity(topic: string) {
    const { clusterId, topicId, partitionCount } = await this.#require(topic);
    return { logId: `${clusterId}/${topicId}`, partitionCount };
  }

  async publish(topic: string, records: readonly LogRecord[]): Promise<void> {
    if (this.#isClosed) throw new AppError("unavailable", "the log is closed");
    if (records.length > 0) await this.#publishes.track(this.#append(topic, records));
  }

  async #append(topic: string, records: readonly LogRecord[]): Promise<void> {
    const partitionCount = await this.#partitionCountOf(topic);
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    checkRecords(records, { partitionCount, bytes });
    await this.#publisher.publish({ topic, records, bytes });
  }

  async endOffset(topic: string, partition: number): Promise<bigint> {
    const range = (await this.#rangesOf(topic))[partition];
    if (!range)
      throw new AppError("not_found", `partition ${partition} of topic ${topic} not found`);
    return range.endOffset;
  }

  async lag(topic: string, positions: ReadonlyMap<number, bigint>) {
    const ranges = await this.#rangesOf(topic);
    return lagOf(
      positions,
      ranges.map(({ endOffset }) => endOffset),
    );
  }

  consumer(options: Parameters<Bus["consumer"]>[0]) {
    return consumerPart(
      {
        kafka: this.#kafka,
        sessionTimeoutMs: this.#options.sessionTimeoutMs,
        partitionCountOf: (topic) => this.#partitionCountOf(topic),
        rangesOf: (topic) => this.#rangesOf(topic),
      },
      options,
    );
  }

  /** Brokers keep a topic for as long as its settings say. */
  retention({ topic }: Parameters<Bus["retention"]>[0]) {
    return {
      name: `retention of ${topic}`,
      async run(stop: AbortSignal, ready: () => void) {
        ready();
        await untilStopped(stop);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#publishes.settled();
    await this.#publisher.close();
    await this.#metadata.close();
    const admin = await this.#admin?.catch(() => undefined);
    await admin?.disconnect();
  }

  /** A topic's partitions are never added to, so that what was read once stays true. */
  async #partitionCountOf(topic: string): Promise<number> {
    const known = this.#partitionCounts.get(topic);
    if (known !== undefined) return known;
    const { partitionCount } = await this.#require(topic);
    this.#partitionCounts.set(topic, partitionCount);
    return partitionCount;
  }

  async #require(topic: string): Promise<TopicMetadata> {
    return await this.#answering(requireMetadata(this.#metadata, topic));
  }

  async #rangesOf(topic: string): Promise<OffsetRange[]> {
    await this.#partitionCountOf(topic);
    return await this.#withAdmin((admin) => listRanges(admin, topic));
  }

  /** Runs what may be run again: a topic's leaders are not there at once, or move. */
  async #withAdmin<T>(run: (admin: Admin) => Promise<T>): Promise<T> {
    const stop = new AbortController().signal;
    const tries = retrying(() => this.#tryAdmin(run), {
      isTransient: isLeaderless,
      stop,
      delaysMs,
    });
    return await this.#answering(tries);
  }

  /** A connection that failed is opened anew by the next try, which thus learns the leaders anew. */
  async #tryAdmin<T>(run: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= connectAdmin(this.#kafka);
    const current = this.#admin;
    try {
      return await run(await current);
    } catch (error) {
      if (this.#admin === current) this.#admin = undefined;
      current.then((admin) => admin.disconnect()).catch(() => {}); // It has failed already.
      throw error;
    }
  }

  async #answering<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (error instanceof AppError || !isTransient(error)) throw error;
      throw new AppError("unavailable", "the log does not answer", { cause: error });
    }
  }
}

async function connectAdmin(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin({ retry });
  try {
    await admin.connect();
  } catch (error) {
    await admin.disconnect();
    throw error;
  }
  return admin;
}

/** Whether a broker answered that another one, or none yet, is to be asked. */
function isLeaderless(error: unknown): boolean {
  return error instanceof Error && "retriable" in error && error.retriable === true;
}
