import { AppError, invalid } from "@posthorn/errors";
import type { ConsumerOptions, LogRecord, TopicSpec } from "./bus.ts";
import { checkName } from "./topic-spec.ts";

/** What a call may append at most: with what Kafka adds it stays below `max.message.bytes`, 8 MiB. */
const publishBytesMax = 7 * 1024 * 1024;

/** Throws `invalid` when a partition is not one of the topic's, `too_large` above 7 MiB. */
export function checkRecords(
  records: readonly LogRecord[],
  { partitionCount, bytes }: { partitionCount: number; bytes: number },
): void {
  for (const { partition } of records) {
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitionCount) {
      throw invalid("partition", `must be between 0 and ${partitionCount - 1}`);
    }
  }
  if (bytes > publishBytesMax) {
    throw new AppError("too_large", `records of ${bytes} bytes, the most is ${publishBytesMax}`);
  }
}

/** Throws `invalid` unless a consumer can be made of these. */
export function checkConsumer({ topic, group, batchRecordsMax }: ConsumerOptions): void {
  checkName("topic", topic);
  checkName("group", group);
  if (!Number.isInteger(batchRecordsMax) || batchRecordsMax < 1) {
    throw invalid("batchRecordsMax", "must be at least 1");
  }
}

/** Throws `precondition` unless the topic has the partitions that are asked for. */
export function checkPartitionCount(spec: TopicSpec, partitionCount: number): void {
  if (spec.partitionCount === partitionCount) return;
  const message = `topic ${spec.name} has ${partitionCount} partitions, not ${spec.partitionCount}`;
  throw new AppError("precondition", message);
}
