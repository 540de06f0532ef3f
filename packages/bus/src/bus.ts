import type { Logger, Part } from "@posthorn/runtime";

/** One record to append. The partition is the caller's choice (see `partitionOf`), never the log's. */
export interface LogRecord {
  readonly partition: number;
  /** Null = the record has no key. Stored for other readers; it decides nothing here. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** Names are UTF-8. A name occurs once; of a foreign record's repeated headers the last one counts. */
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

/** A record as it was read. Its bytes may share one buffer with its neighbours: copy what you keep for long. */
export interface StoredRecord extends LogRecord {
  /** Counts from 0 in its partition, upward; the Postgres log leaves no gaps, Kafka may. */
  readonly offset: bigint;
  /** The server's clock when it was appended. */
  readonly appendedAt: Date;
  /**
   * When this process began to append it, after telling the handler by `appending`: milliseconds of
   * its monotonic clock. Absent when another process did, or when it came back from the server.
   */
  readonly appendingSinceMs?: number;
}

/** Neighbouring records of one partition, at least one, in the order of their offsets. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly StoredRecord[];
}

/** What a topic must be. The count is fixed for the topic's life, as keys are spread by it. */
export interface TopicSpec {
  /** Letters, digits, `.`, `_` and `-`; at most 200 characters. */
  readonly name: string;
  readonly partitionCount: number;
}

/** Which log this is: stored beside offsets, so that offsets of one log are never used on another. */
export interface LogIdentity {
  /** Postgres: the uuid of the log and the topic's number; Kafka: the cluster's id and the topic's id. */
  readonly logId: string;
  readonly partitionCount: number;
}

/** A batch of which the handler has taken on so much that the next one may come. */
export interface Begun {
  /** What `handle` would have given. A rejection fails the part, unless it is transient. */
  readonly done: Promise<bigint | undefined>;
}

/** Where a consumer's records go. The handler keeps the offsets; the log stores none of them. */
export interface PartitionHandler {
  /**
   * Called when the partition was assigned to this member. Gives the offset to start at (0n = the
   * very first record), or undefined when it may not be read yet: asked again within a second.
   */
  start(partition: number): Promise<bigint | undefined>;
  /**
   * Handles one batch, whose first offset is where the reader stood (or, in Kafka, the next that
   * exists). Gives the next offset to read: usually last + 1n; any other makes the reader seek;
   * undefined = the partition is not, or no longer, ours: back to `start`. A throw is retried with
   * backoff as long as it is transient, else it fails the part. Calls for one partition never
   * overlap in one member; two members may overlap for a moment, so offsets are compared and set.
   *
   * With `Begun` the call is over, but not the batch: the log may hand over the batches that follow,
   * while less than two full batches are not done. When one is done with anything but its own end, the
   * log waits for all others and goes back to `start`.
   */
  handle(batch: Batch, stop: AbortSignal): Promise<bigint | undefined | Begun>;
  /**
   * Called when this process begins to append to a partition that it reads: what `handle` will need
   * can be looked up meanwhile. The records may never come. Must not throw.
   */
  appending?(records: readonly LogRecord[]): void;
  /** The partition was taken away from this member, or the member ends. All that was begun is done. */
  stopped?(partition: number): void;
}

export interface ConsumerOptions {
  readonly topic: string;
  /** The members of one group share the topic's partitions. */
  readonly group: string;
  readonly handler: PartitionHandler;
  /** The most records of one batch, at least 1. A batch may be smaller; its bytes are limited too. */
  readonly batchRecordsMax: number;
  readonly log: Logger;
}

/** How much of a topic is kept for readers that may never come. */
export interface RetentionOptions {
  readonly topic: string;
  /** Records older than this go. */
  readonly ageMsMax: number;
  /** The oldest records go when the topic holds more, give or take one segment (256 MiB). */
  readonly bytesMax: number;
  readonly log: Logger;
}

/** The log: topics of ordered partitions of records, kept by Postgres or by Kafka. */
export interface Bus {
  /** Creates what is missing. Throws `precondition` when a topic has another partition count. Idempotent. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Throws `not_found` for an unknown topic. */
  identity(topic: string): Promise<LogIdentity>;
  /**
   * Appends, and resolves when it is durable (committed; acks from all in-sync replicas). The
   * records of one call to one partition are appended together: all or none, in order, without
   * others between them. Concurrent calls share an append. Throws `unavailable` when it was not
   * confirmed (it may have happened nevertheless), `too_large` above 7 MiB.
   */
  publish(topic: string, records: readonly LogRecord[]): Promise<void>;
  /** The offset that the partition's next record will get. */
  endOffset(topic: string, partition: number): Promise<bigint>;
  /**
   * Reads the partitions that the group gives this member. Fails, and never skips, when the
   * handler asks for records that the log no longer has, or not yet.
   */
  consumer(options: ConsumerOptions): Part;
  /**
   * Drops what is too old or too much, read or not, while it runs: for topics that others read, if
   * anybody does. Kafka does so by itself, by the settings of the topic.
   */
  retention(options: RetentionOptions): Part;
  /** For each partition of `positions` (the next offset to read): how many records wait. */
  lag(topic: string, positions: ReadonlyMap<number, bigint>): Promise<ReadonlyMap<number, bigint>>;
  /** Waits for the appends under way, then lets go of every connection. Stop the consumers first. */
  close(): Promise<void>;
}
