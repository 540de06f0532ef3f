import type { Admin } from "kafkajs";

/** What the log keeps of a partition. */
export interface OffsetRange {
  readonly firstOffset: bigint;
  /** The next offset to be written. */
  readonly endOffset: bigint;
}

/** Reads what the log keeps of a topic, by partition. */
export async function listRanges(admin: Admin, topic: string): Promise<OffsetRange[]> {
  const ranges: OffsetRange[] = [];
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
    ranges[partition] = { firstOffset: BigInt(low), endOffset: BigInt(high) };
  }
  return ranges;
}
