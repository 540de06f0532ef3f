import type { LogRecord, StoredRecord } from "../bus.ts";
import { recordBytes } from "../record-bytes.ts";
import type { PartitionPlace } from "./ends.ts";

/** What is kept of one partition, and of all. */
const placeBytesMax = 8 * 1024 * 1024;
const bytesMax = 64 * 1024 * 1024;
/** The most bytes of one batch, but for a single record that is larger. */
const batchBytesMax = 4 * 1024 * 1024;

/**
 * The latest records that this process appended, for its own readers: what is read at once need
 * not come back from Postgres. Holds committed records only, and only of partitions that are read
 * here; who asks for anything else reads the table.
 */
export interface Tails {
  /** Keeps records that were committed, the first of them at `firstOffset`. */
  put(place: PartitionPlace, appended: Appended): void;
  /**
   * Gives neighbouring records from the offset on, and forgets what lies below it. Undefined when
   * it does not have the first of them.
   */
  take(
    place: PartitionPlace,
    from: { offset: bigint; recordsMax: number },
  ): StoredRecord[] | undefined;
  /** Keeps records of a partition until `release`. */
  watch(place: PartitionPlace): { release(): void };
}

export interface Appended {
  readonly firstOffset: bigint;
  readonly records: readonly LogRecord[];
  /** The server's clock. */
  readonly appendedAt: Date;
}

interface Kept {
  readonly record: StoredRecord;
  readonly bytes: number;
}

interface Tail {
  watcherCount: number;
  /** Neighbours, in the order of their offsets. */
  kept: Kept[];
  bytes: number;
}

/** Starts empty. */
export function tails(): Tails {
  const known = new Map<string, Tail>();
  let bytes = 0;
  return {
    put(place, { firstOffset, records, appendedAt }) {
      const tail = known.get(keyOf(place));
      if (!tail) return;
      const last = tail.kept.at(-1);
      if (last && last.record.offset + 1n !== firstOffset) drop(tail, tail.kept.length);
      for (const [index, record] of records.entries()) {
        const one = { record: { ...record, offset: firstOffset + BigInt(index), appendedAt } };
        add(tail, { ...one, bytes: recordBytes(record) });
      }
      while (tail.bytes > placeBytesMax) drop(tail, Math.ceil(tail.kept.length / 2));
      if (bytes > bytesMax) drop(tail, tail.kept.length);
    },
    take(place, { offset, recordsMax }) {
      const tail = known.get(keyOf(place));
      const first = tail?.kept[0];
      if (!tail || !first || first.record.offset > offset) return undefined;
      drop(tail, Number(offset - first.record.offset));
      const taken = firstOf(tail.kept, recordsMax);
      return taken.length === 0 ? undefined : taken;
    },
    watch(place) {
      const key = keyOf(place);
      const tail = known.get(key) ?? { watcherCount: 0, kept: [], bytes: 0 };
      known.set(key, tail);
      tail.watcherCount += 1;
      return {
        release() {
          tail.watcherCount -= 1;
          if (tail.watcherCount > 0) return;
          drop(tail, tail.kept.length);
          known.delete(key);
        },
      };
    },
  };

  function add(tail: Tail, kept: Kept): void {
    tail.kept.push(kept);
    tail.bytes += kept.bytes;
    bytes += kept.bytes;
  }

  function drop(tail: Tail, count: number): void {
    for (const dropped of tail.kept.splice(0, count)) {
      tail.bytes -= dropped.bytes;
      bytes -= dropped.bytes;
    }
  }
}

function firstOf(kept: readonly Kept[], recordsMax: number): StoredRecord[] {
  const taken: StoredRecord[] = [];
  let bytes = 0;
  for (const one of kept) {
    bytes += one.bytes;
    if (taken.length >= recordsMax || (taken.length > 0 && bytes > batchBytesMax)) break;
    taken.push(one.record);
  }
  return taken;
}

function keyOf({ topicId, partition }: PartitionPlace): string {
  return `${topicId}/${partition}`;
}
