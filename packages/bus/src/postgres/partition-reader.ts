import { setTimeout as sleep } from "node:timers/promises";
import { heavyTurn, type Logger } from "@posthorn/runtime";
import type pg from "pg";
import type { ConsumerOptions, StoredRecord } from "../bus.ts";
import { OutOfRangeError } from "../out-of-range.ts";
import { isTransient, untilDone } from "../transient.ts";
import { BatchesBegun } from "./batches-begun.ts";
import type { Ends } from "./ends.ts";
import { fetchRecords } from "./fetch.ts";
import { isDropped, locateOffset } from "./segments.ts";
import type { Tails } from "./tails.ts";

/** How soon a partition that may not be read yet is asked for again. */
const startAgainMs = 500;
/** Only bounds the wait: whoever appends wakes the reader, and the group looks every second. */
const idleMs = 60_000;

/** To decode so many records takes about half a millisecond. */
const heavyRecords = 50;

/** What a reader works with. */
export interface ReaderDeps {
  readonly pool: pg.Pool;
  readonly ends: Ends;
  readonly tails: Tails;
  readonly log: Logger;
}

/** What it reads, for whom. */
export interface ReaderOptions {
  readonly topicId: number;
  readonly partition: number;
  readonly consumer: Omit<ConsumerOptions, "log">;
  /** Told of the next offset to read whenever it moved. */
  onPosition(position: bigint): void;
}

/** Reads one partition for the handler, batch after batch, until `stop` aborts. */
export async function readPartition(
  { pool, ends, tails, log }: ReaderDeps,
  { topicId, partition, consumer, onPosition }: ReaderOptions,
  stop: AbortSignal,
): Promise<void> {
  const { topic, handler, batchRecordsMax } = consumer;
  const place = { topicId, partition };
  const { wakeup, release } = ends.watch(place);
  const tail = tails.watch(place, (records) => handler.appending?.(records));
  try {
    while (!stop.aborted) {
      const start = await persist("start a partition", () => handler.start(partition));
      if (start === undefined) await sleep(startAgainMs, undefined, { signal: stop });
      else await readFrom(start);
    }
  } finally {
    release();
    tail.release();
  }

  async function readFrom(start: bigint): Promise<void> {
    const begun = new BatchesBegun({ recordsMax: batchRecordsMax, onChange: wakeup.wake });
    try {
      await readOn(start, begun);
    } finally {
      await begun.settled();
    }
    if (begun.failure === undefined) return;
    if (!isTransient(begun.failure)) throw begun.failure;
    log.warn({ err: begun.failure }, "handle a batch: starting again");
    await sleep(startAgainMs, undefined, { signal: stop });
  }

  async function readOn(start: bigint, begun: BatchesBegun): Promise<void> {
    let position = start;
    let segmentId = await locate(position);
    while (!stop.aborted && !begun.isAstray) {
      onPosition(position);
      if (position >= ends.of(place) || begun.isFull) {
        await wakeup.wait({ timeoutMs: idleMs, stop });
        continue;
      }
      const records =
        tails.take(place, { offset: position, recordsMax: batchRecordsMax }) ??
        (await fetch(segmentId, position));
      if (records[0]?.offset !== position) {
        segmentId = await locateElsewhere(segmentId, position);
        continue;
      }
      if (records.length >= heavyRecords) await heavyTurn("begun");
      const end = (records.at(-1)?.offset ?? 0n) + 1n;
      const handled = await handle(records);
      if (typeof handled === "object") begun.add(handled.done, { records, end });
      const next = typeof handled === "object" ? end : handled;
      if (next === undefined) return;
      position = next;
      if (next !== end) segmentId = await locate(position);
    }
  }

  function fetch(segmentId: number, offset: bigint): Promise<StoredRecord[]> {
    const range = { segmentId, partition, offset, recordsMax: batchRecordsMax };
    return persist("read the log", () => fetchRecords(pool, range).catch(noneIfDropped));
  }

  /** The segment was closed before the offset. Finding it again nevertheless must not spin. */
  async function locateElsewhere(segmentId: number, offset: bigint): Promise<number> {
    const found = await locate(offset);
    if (found === segmentId) await sleep(startAgainMs, undefined, { signal: stop });
    return found;
  }

  async function handle(records: readonly StoredRecord[]) {
    const batch = { topic, partition, records };
    return await persist("handle a batch", () => handler.handle(batch, stop));
  }

  /** Throws when the log does not hold the offset. */
  async function locate(offset: bigint): Promise<number> {
    const found = await persist("find an offset", () => locateOffset(pool, place, offset));
    if (!("segmentId" in found)) throw new OutOfRangeError({ topic, partition, offset, ...found });
    ends.observe(place, found.endOffset);
    return found.segmentId;
  }

  function persist<T>(doing: string, run: () => Promise<T>): Promise<T> {
    return untilDone(run, { stop, log, doing });
  }
}

function noneIfDropped(error: unknown): StoredRecord[] {
  if (isDropped(error)) return [];
  throw error;
}
