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
  /**
   * Resolves once few records wait for a reader here, those of whom was let in before among them,
   * at the latest after two seconds; at once where nobody reads. First come, first served. Call
   * what it gives once the `count` records are put, or never will be.
   */
  room(place: PartitionPlace, count: number): Promise<() => void>;
  /** Tells who watches the partition that records are about to be appended to it. */
  announce(place: PartitionPlace, records: readonly LogRecord[]): void;
  /** Keeps records of a partition until `release`; tells what is announced meanwhile. */
  watch(
    place: PartitionPlace,
    onAppending?: (records: readonly LogRecord[]) => void,
  ): { release(): void };
}

export interface Appended {
  readonly firstOffset: bigint;
  readonly records: readonly LogRecord[];
  /** The server's clock. */
  readonly appendedAt: Date;
  /** When they were announced; see StoredRecord. */
  readonly appendingSinceMs: number;
}

interface Kept {
  readonly record: StoredRecord;
  readonly bytes: number;
}

interface Tail {
  /** What they are told by. */
  readonly watchers: Set<{ onAppending?: ((records: readonly LogRecord[]) => void) | undefined }>;
  /** Ended at each step of a reader. */
  readonly awaiting: Set<() => void>;
  /** Neighbours, in the order of their offsets. */
  kept: Kept[];
  /** How many of the first of them a reader has taken on. */
  takenCount: number;
  /** How many are about to be put by those who were let in. */
  comingCount: number;
  bytes: number;
}

/** A reader that has so much before it does not run dry while what comes next is appended. */
const crowdedCount = 300;
const roomMsMax = 2_000;

/** Starts empty. */
export function tails(): Tails {
  const known = new Map<string, Tail>();
  let bytes = 0;
  return {
    put(place, { firstOffset, records, ...when }) {
      const tail = known.get(keyOf(place));
      if (!tail) return;
      const last = tail.kept.at(-1);
      if (last && last.record.offset + 1n !== firstOffset) drop(tail, tail.kept.length);
      for (const [index, record] of records.entries()) {
        const stored = { ...record, offset: firstOffset + BigInt(index), ...when };
        add(tail, { record: stored, bytes: recordBytes(record) });
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
      tail.takenCount = taken.length;
      step(tail);
      return taken.length === 0 ? undefined : taken;
    },
    async room(place, count) {
      const untilMs = performance.now() + roomMsMax;
      for (;;) {
        const tail = known.get(keyOf(place));
        if (!tail) return () => {};
        const aheadCount = tail.kept.length - tail.takenCount + tail.comingCount;
        const restMs = untilMs - performance.now();
        if (aheadCount < crowdedCount || restMs <= 0) return letIn(tail, count);
        await stepOf(tail, restMs);
      }
    },
    announce(place, records) {
      const tail = known.get(keyOf(place));
      for (const { onAppending } of tail?.watchers ?? []) onAppending?.(records);
    },
    watch(place, onAppending) {
      const key = keyOf(place);
      const tail = known.get(key) ?? emptyTail();
      const watcher = { onAppending };
      known.set(key, tail);
      tail.watchers.add(watcher);
      return {
        release() {
          tail.watchers.delete(watcher);
          if (tail.watchers.size > 0) return;
          drop(tail, tail.kept.length);
          known.delete(key);
          step(tail);
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
    tail.takenCount = Math.max(0, tail.takenCount - count);
    for (const dropped of tail.kept.splice(0, count)) {
      tail.bytes -= dropped.bytes;
      bytes -= dropped.bytes;
    }
  }
}

function emptyTail(): Tail {
  const none = { takenCount: 0, comingCount: 0, bytes: 0 };
  return { ...none, watchers: new Set(), awaiting: new Set(), kept: [] };
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

function letIn(tail: Tail, count: number): () => void {
  tail.comingCount += count;
  return () => {
    tail.comingCount -= count;
    step(tail);
  };
}

function step({ awaiting }: Tail): void {
  for (const end of awaiting) end();
}

/** Waits for a step of a reader, or for a time. */
function stepOf({ awaiting }: Tail, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      awaiting.delete(end);
      resolve();
    };
    const timer = setTimeout(end, timeoutMs);
    awaiting.add(end);
  });
}

function keyOf({ topicId, partition }: PartitionPlace): string {
  return `${topicId}/${partition}`;
}
