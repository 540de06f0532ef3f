import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@posthorn/errors";
import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import type { ConsumerOptions } from "../bus.ts";
import { OutOfRangeError } from "../out-of-range.ts";
import { isEnd, isTransient, untilDone } from "../transient.ts";
import { retry } from "./client.ts";
import type { OffsetRange } from "./ranges.ts";
import { toStoredRecord } from "./stored-record.ts";

const sessionTimeoutMsDefault = 30_000;
/** Also how soon a member learns that another one came or left. */
const heartbeatMs = 1_000;
/** A long poll; what is sought or resumed meanwhile waits for its end. */
const fetchWaitMs = 250;
const fetchBytesMax = 16 * 1024 * 1024;
const partitionBytesMax = 4 * 1024 * 1024;
const startAgainMs = 500;
const backoffFirstMs = 100;
const backoffMaxMs = 5_000;

/** What a session works with. */
export interface SessionDeps {
  readonly kafka: Kafka;
  readonly partitionCount: number;
  readonly sessionTimeoutMs: number | undefined;
  rangesOf(topic: string): Promise<OffsetRange[]>;
}

/** A partition of this member. It is paused in the client until it has a position. */
interface Owned {
  readonly abort: AbortController;
  /** The next offset to read. */
  position: bigint | undefined;
  /** Where the client was last sent because it was elsewhere. */
  soughtTo: bigint | undefined;
  backoffMs: number;
}

/**
 * One connection's time in a group. kafkajs forgets positions whenever the group's members change,
 * resets those that are out of range, and may hand over batches of partitions that it no longer
 * has: so every batch is held against the position that this member knows.
 */
export class GroupSession {
  readonly #deps: SessionDeps;
  readonly #options: ConsumerOptions;
  readonly #consumer: Consumer;
  readonly #owned = new Map<number, Owned>();
  readonly #failure = new AbortController();
  readonly #starting = new Set<Promise<void>>();

  constructor(deps: SessionDeps, options: ConsumerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#consumer = deps.kafka.consumer({
      groupId: options.group,
      sessionTimeout: deps.sessionTimeoutMs ?? sessionTimeoutMsDefault,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: fetchWaitMs,
      maxBytes: fetchBytesMax,
      maxBytesPerPartition: partitionBytesMax,
      allowAutoTopicCreation: false,
      // The next session is for the caller to begin: the client's restart cannot be stopped half-way.
      retry: { ...retry, restartOnFailure: async () => false },
    });
  }

  /** Takes part until `stop` aborts or something fails, then leaves; throws that failure. */
  async run(stop: AbortSignal, ready: () => void): Promise<void> {
    const end = AbortSignal.any([stop, this.#failure.signal]);
    const ended = new Promise((resolve) => end.addEventListener("abort", resolve));
    this.#listen(ready);
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topic: this.#options.topic, fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#deps.partitionCount,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      if (!end.aborted) await ended;
    } finally {
      await this.#leave();
    }
    if (this.#failure.signal.aborted) throw this.#failure.signal.reason;
  }

  #listen(ready: () => void): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.CRASH, ({ payload }) => {
      this.#failure.abort(crashOf(payload.error));
    });
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#follow(payload.memberAssignment[this.#options.topic] ?? []);
      ready();
    });
  }

  /** Runs before the client fetches under the new assignment. */
  #follow(assigned: readonly number[]): void {
    for (const partition of this.#owned.keys()) {
      if (!assigned.includes(partition)) this.#drop(partition);
    }
    for (const partition of assigned) {
      const owned = this.#owned.get(partition);
      if (owned?.position !== undefined) this.#seek(partition, owned.position);
      else if (!owned) this.#start(partition);
    }
  }

  #drop(partition: number): void {
    this.#owned.get(partition)?.abort.abort();
    this.#owned.delete(partition);
    this.#options.handler.stopped?.(partition);
  }

  #start(partition: number): void {
    const owned: Owned = {
      abort: new AbortController(),
      position: undefined,
      soughtTo: undefined,
      backoffMs: backoffFirstMs,
    };
    this.#owned.set(partition, owned);
    this.#startAgain(partition, owned);
  }

  /** Pauses the partition until the handler has said where to begin. */
  #startAgain(partition: number, owned: Owned): void {
    owned.position = undefined;
    this.#pause(partition);
    const stop = owned.abort.signal;
    this.#background(stop, async () => {
      const position = await this.#askStart(partition, stop);
      await this.#checkRange(partition, position);
      if (stop.aborted) return;
      owned.position = position;
      this.#seek(partition, position);
      this.#resume(partition);
    });
  }

  async #askStart(partition: number, stop: AbortSignal): Promise<bigint> {
    const { handler, log } = this.#options;
    for (;;) {
      const doing = "start a partition";
      const position = await untilDone(() => handler.start(partition), { stop, log, doing });
      if (position !== undefined) return position;
      await sleep(startAgainMs, undefined, { signal: stop });
    }
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const { partition } = payload.batch;
    const owned = this.#owned.get(partition);
    if (!owned || owned.abort.signal.aborted) return;
    const beating = setInterval(() => payload.heartbeat().catch(() => {}), heartbeatMs);
    try {
      if (await this.#isExpected(payload, owned)) await this.#handleSlices(payload, owned);
    } catch (error) {
      this.#onFailure(error, partition, owned);
    } finally {
      clearInterval(beating);
    }
  }

  /**
   * A batch that was fetched from elsewhere means: the client was reset because the position is out
   * of range, which ends the part; or it lost its place, and is sent back. One that begins behind
   * the position after that has passed what is no record, such as a transaction's end.
   */
  async #isExpected({ batch }: EachBatchPayload, owned: Owned): Promise<boolean> {
    const { position } = owned;
    if (position === undefined) return false;
    const fetchedFrom = BigInt((batch as unknown as { fetchedOffset: string }).fetchedOffset);
    if (fetchedFrom === position) return true;
    await this.#checkRange(batch.partition, position);
    if (owned.position !== position) return false;
    if (fetchedFrom > position && owned.soughtTo === position) return true;
    owned.soughtTo = position;
    this.#seek(batch.partition, position);
    return false;
  }

  async #handleSlices({ batch, resolveOffset, isRunning }: EachBatchPayload, owned: Owned) {
    const { handler, topic, batchRecordsMax } = this.#options;
    const { partition, messages } = batch;
    const stop = owned.abort.signal;
    for (let at = 0; at < messages.length; at += batchRecordsMax) {
      if (stop.aborted || !isRunning()) return;
      const records = messages
        .slice(at, at + batchRecordsMax)
        .map((message) => toStoredRecord(partition, message));
      const handled = await handler.handle({ topic, partition, records }, stop);
      const next = typeof handled === "object" ? await handled.done : handled;
      owned.backoffMs = backoffFirstMs;
      if (stop.aborted) return;
      if (next === undefined) return this.#startAgain(partition, owned);
      owned.position = next;
      const last = records.at(-1)?.offset ?? 0n;
      if (next !== last + 1n) {
        await this.#checkRange(partition, next);
        return this.#seek(partition, next);
      }
      resolveOffset(last.toString());
    }
    owned.position = BigInt(batch.lastOffset()) + 1n;
  }

  /** Holds up this partition only: it is paused, and read again from its position. */
  #onFailure(error: unknown, partition: number, owned: Owned): void {
    const stop = owned.abort.signal;
    if (isEnd(error, stop)) return;
    if (!isTransient(error)) {
      this.#failure.abort(error);
      return;
    }
    const delayMs = owned.backoffMs;
    owned.backoffMs = Math.min(delayMs * 2, backoffMaxMs);
    this.#options.log.warn({ err: error, partition, delayMs }, "handle a batch: trying again");
    this.#pause(partition);
    this.#background(stop, async () => {
      await sleep(delayMs, undefined, { signal: stop });
      if (owned.position !== undefined) this.#seek(partition, owned.position);
      this.#resume(partition);
    });
  }

  async #checkRange(partition: number, offset: bigint): Promise<void> {
    const { topic, log } = this.#options;
    const stop = this.#owned.get(partition)?.abort.signal ?? AbortSignal.abort();
    const ranges = await untilDone(() => this.#deps.rangesOf(topic), {
      stop,
      log,
      doing: "find an offset",
    });
    const range = ranges[partition];
    if (!range)
      throw new AppError("unavailable", `partition ${partition} of ${topic} has no leader`);
    if (offset < range.firstOffset || offset > range.endOffset) {
      throw new OutOfRangeError({ topic, partition, offset, ...range });
    }
  }

  #background(stop: AbortSignal, run: () => Promise<void>): void {
    const running = run()
      .catch((error: unknown) => {
        if (!isEnd(error, stop)) this.#failure.abort(error);
      })
      .finally(() => this.#starting.delete(running));
    this.#starting.add(running);
  }

  async #leave(): Promise<void> {
    for (const { abort } of this.#owned.values()) abort.abort();
    await this.#consumer.disconnect();
    await Promise.all(this.#starting);
    for (const partition of [...this.#owned.keys()]) this.#drop(partition);
  }

  #seek(partition: number, offset: bigint): void {
    this.#consumer.seek({ topic: this.#options.topic, partition, offset: offset.toString() });
  }

  #pause(partition: number): void {
    this.#consumer.pause([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  #resume(partition: number): void {
    this.#consumer.resume([{ topic: this.#options.topic, partitions: [partition] }]);
  }
}

/** What the client has tried in vain may work in the next session. */
function crashOf(error: Error): Error {
  const isPassing = error.name === "KafkaJSNumberOfRetriesExceeded" || isTransient(error);
  if (!isPassing) return error;
  return new AppError("unavailable", "the group's session ended", { cause: error });
}
