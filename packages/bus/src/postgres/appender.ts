import { AppError } from "@posthorn/errors";
import type { Logger } from "@posthorn/runtime";
import type pg from "pg";
import type { LogRecord } from "../bus.ts";
import { type Gather, gather } from "../gather.ts";
import { warnSeldom } from "../warn-seldom.ts";
import { type AppendCall, type AppendRows, packRows } from "./append.ts";
import { rawTypes, toUnavailable } from "./connection.ts";
import type { PartitionPlace } from "./ends.ts";
import { isDropped, segmentTable } from "./segments.ts";
import type { Appended } from "./tails.ts";
import { requireTopic, type Topic } from "./topics.ts";

const flushRecordsMax = 500;
const flushBytesMax = 4 * 1024 * 1024;
const waitingBytesMax = 64 * 1024 * 1024;
const waitMsMax = 10_000;
/** Segments are closed seldom, so that two in a row mean that something is wrong. */
const closedSegmentsMax = 3;

/** What an appender works with. */
export interface AppenderDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  /** Told of each partition that is about to grow, and of what it is to grow by. */
  onAppending(place: PartitionPlace, records: readonly LogRecord[]): void;
  /** Told of each partition that grew, and of what it grew by, after the commit. */
  onAppended(place: PartitionPlace, appended: Appended): void;
}

/** Appends to one topic: each flush is one statement, and that one transaction. */
export function appender(deps: AppenderDeps, topicAtStart: Topic): Gather<AppendCall> {
  const warn = warnSeldom(deps.log, `append to ${topicAtStart.name} not confirmed`);
  let topic = topicAtStart;
  return gather({
    flush,
    countOf: ({ records }) => records.length,
    bytesOf: ({ bytes }) => bytes,
    flushCountMax: flushRecordsMax,
    flushBytesMax,
    waitingBytesMax,
    waitMsMax,
  });

  async function flush(calls: readonly AppendCall[]): Promise<void> {
    try {
      await append(calls);
    } catch (error) {
      warn(error);
      throw toUnavailable(error, "the log does not answer");
    }
  }

  async function append(calls: readonly AppendCall[]): Promise<void> {
    const rows = packRows(calls);
    const all = calls.flatMap(({ records }) => records);
    const byPartition = Map.groupBy(all, ({ partition }) => partition);
    const appendingSinceMs = performance.now();
    for (const [partition, records] of byPartition) {
      deps.onAppending({ topicId: topic.id, partition }, records);
    }
    for (let tries = 0; tries < closedSegmentsMax; tries += 1) {
      const ends = await insertRecords(deps.pool, topic, rows).catch(noneIfDropped);
      for (const { partition, end, appendedAt } of ends) {
        const records = byPartition.get(partition) ?? [];
        const firstOffset = end - BigInt(records.length);
        const appended = { firstOffset, records, appendedAt, appendingSinceMs };
        deps.onAppended({ topicId: topic.id, partition }, appended);
      }
      if (ends.length > 0) return;
      topic = await requireTopic(deps.pool, topic.name);
    }
    throw new AppError("unavailable", "the log's segments change too fast");
  }
}

/** A segment that was closed long ago, as this process last appended. */
function noneIfDropped(error: unknown): PartitionEnd[] {
  if (isDropped(error)) return [];
  throw error;
}

interface PartitionEnd {
  readonly partition: number;
  readonly end: bigint;
  readonly appendedAt: Date;
}

/**
 * Appends rows and gives the new end of each partition; gives nothing, and does nothing, when the
 * segment is no longer the topic's open one. Offsets are given out under the lock of the
 * partition's head row, which is held until the commit: a reader that sees an offset sees all below.
 */
async function insertRecords(
  pool: pg.Pool,
  topic: Topic,
  rows: AppendRows,
): Promise<PartitionEnd[]> {
  const columns = [rows.partitions, rows.counts, rows.tills];
  const totals = [[...rows.totals.keys()], [...rows.totals.values()]];
  const result = await pool.query<[string, string, string]>({
    name: `bus_append_${topic.segmentId}`,
    text: insertStatement(topic.segmentId),
    values: [topic.id, topic.segmentId, ...columns, ...totals, rows.chunks],
    rowMode: "array",
    types: rawTypes,
  });
  return result.rows.map(([partition, end, appendedAtMs]) => ({
    partition: Number(partition),
    end: BigInt(end),
    appendedAt: new Date(Number(appendedAtMs)),
  }));
}

/** Heads are locked in the order of their partitions, so that appends never wait in a circle. */
function insertStatement(segmentId: number): string {
  return `with locked as (
      select partition from bus.partition_head
      where topic_id = $1 and segment_id = $2 and partition = any ($6::integer[])
      order by partition for update
    ), head as (
      update bus.partition_head h set next_offset = h.next_offset + c.record_count
      from locked join (
        select unnest($6::integer[]) as partition, unnest($7::integer[]) as record_count
      ) c using (partition)
      where h.topic_id = $1 and h.partition = locked.partition
      returning h.partition, h.next_offset, h.next_offset - c.record_count as first_offset
    ), inserted as (
      insert into ${segmentTable(segmentId)}
        (last_offset, appended_at, partition, record_count, records)
      select first_offset + till - 1, clock_timestamp(), partition, record_count, records
      from head join (
        select unnest($3::integer[]) as partition, unnest($4::integer[]) as record_count,
          unnest($5::integer[]) as till, unnest($8::bytea[]) as records
      ) input using (partition)
    )
    select partition, next_offset, floor(extract(epoch from clock_timestamp()) * 1000)::bigint
    from head`;
}
