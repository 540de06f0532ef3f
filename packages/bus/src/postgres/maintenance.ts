import assert from "node:assert";
import type pg from "pg";
import { inTransaction } from "./connection.ts";
import { insertSegment, segmentTable } from "./segments.ts";

/** When a segment with records is closed and the next one begun. */
export interface SegmentLimits {
  /** Its table with index, in bytes. */
  readonly bytesMax: number;
  /** So that records of a quiet topic do not stay for ever. */
  readonly ageMsMax: number;
  /** How often this is looked at. */
  readonly lookMs: number;
}

/** What is kept of a topic, whether it was read or not. */
export interface Kept {
  readonly ageMsMax: number;
  readonly bytesMax: number;
}

/** Apart from every other advisory lock of the database. */
const lockClass = 0x706f7374;
/** A dropped table waits for whoever still reads it, such as a backup; then it is tried again. */
const lockTimeoutMs = 1_000;

/**
 * Closes the topic's open segment when it is due, and drops closed ones that every group has
 * passed. Does nothing while another process does. Appends wait for a moment when a segment closes.
 */
export async function maintainSegments(
  pool: pg.Pool,
  topicId: number,
  limits: SegmentLimits,
): Promise<void> {
  await closeSegment(pool, topicId, limits);
  await dropSegments(pool, topicId, (client) => listPassedSegments(client, topicId));
}

/**
 * Closes the topic's open segment when it is due, and drops closed ones that are too old or too
 * much, read or not. Does nothing while another process does.
 */
export async function trimSegments(
  pool: pg.Pool,
  topicId: number,
  { limits, kept }: { limits: SegmentLimits; kept: Kept },
): Promise<void> {
  await closeSegment(pool, topicId, limits);
  await dropSegments(pool, topicId, (client) => listSurplusSegments(client, topicId, kept));
}

async function closeSegment(pool: pg.Pool, topicId: number, limits: SegmentLimits): Promise<void> {
  await inTransaction(pool, async (client) => {
    if (!(await tryLock(client, topicId))) return;
    const open = await getOpenSegment(client, topicId);
    if (isDue(open, limits)) await replaceSegment(client, topicId, open.id);
  });
}

/**
 * In a transaction of its own: a table that is dropped waits for appends, which may wait for the
 * heads that closing a segment has locked.
 */
async function dropSegments(
  pool: pg.Pool,
  topicId: number,
  list: (client: pg.ClientBase) => Promise<number[]>,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    if (!(await tryLock(client, topicId))) return;
    for (const id of await list(client)) await deleteSegment(client, id);
  });
}

async function tryLock(client: pg.ClientBase, topicId: number): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>(
    `select pg_try_advisory_xact_lock($1, $2) as got,
      set_config('lock_timeout', $3, true)`,
    [lockClass, topicId, String(lockTimeoutMs)],
  );
  return rows[0]?.got === true;
}

async function getOpenSegment(client: pg.ClientBase, topicId: number): Promise<OpenSegment> {
  const { rows } = await client.query<{ id: number; bytes: string; age_ms: number; used: boolean }>(
    `select s.id, pg_total_relation_size(('bus.segment_' || s.id)::regclass)::text as bytes,
      (extract(epoch from now() - s.created_at) * 1000)::float8 as age_ms,
      exists (
        select from bus.segment_range r join bus.partition_head h using (topic_id, partition)
        where r.segment_id = s.id and h.next_offset > r.first_offset
      ) as used
    from bus.segment s
    where s.id = (select segment_id from bus.partition_head where topic_id = $1 and partition = 0)`,
    [topicId],
  );
  const [row] = rows;
  assert(row, `topic ${topicId} has no open segment`);
  return { id: row.id, bytes: Number(row.bytes), ageMs: Number(row.age_ms), isUsed: row.used };
}

interface OpenSegment {
  readonly id: number;
  readonly bytes: number;
  readonly ageMs: number;
  readonly isUsed: boolean;
}

function isDue({ isUsed, bytes, ageMs }: OpenSegment, limits: SegmentLimits): boolean {
  return isUsed && (bytes > limits.bytesMax || ageMs > limits.ageMsMax);
}

/** Locks the heads in the order in which appends do. */
async function replaceSegment(
  client: pg.ClientBase,
  topicId: number,
  oldId: number,
): Promise<void> {
  const newId = await insertSegment(client, topicId);
  await client.query(
    "select from bus.partition_head where topic_id = $1 order by partition for update",
    [topicId],
  );
  await client.query(
    `with closed as (
      update bus.segment_range r set end_offset = h.next_offset
      from bus.partition_head h
      where r.segment_id = $2 and h.topic_id = r.topic_id and h.partition = r.partition
    ), opened as (
      insert into bus.segment_range (segment_id, topic_id, partition, first_offset)
      select $3, topic_id, partition, next_offset from bus.partition_head where topic_id = $1
    )
    update bus.partition_head set segment_id = $3 where topic_id = $1`,
    [topicId, oldId, newId],
  );
}

/** Closed segments, all of whose records lie below every group's next one. No group: none. */
async function listPassedSegments(client: pg.ClientBase, topicId: number): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `select s.id from bus.segment s
    where s.topic_id = $1
      and exists (select from bus.group_partition g where g.topic_id = s.topic_id)
      and not exists (
        select from bus.segment_range r
        where r.segment_id = s.id and (
          r.end_offset is null
          or exists (
            select from bus.group_partition g
            where g.topic_id = r.topic_id and g.partition = r.partition
              and r.end_offset > r.first_offset and g.next_offset < r.end_offset
          )
        )
      )
    order by s.id`,
    [topicId],
  );
  return rows.map(({ id }) => id);
}

/** Closed segments whose last record is too old, or after which enough has come. */
async function listSurplusSegments(
  client: pg.ClientBase,
  topicId: number,
  { ageMsMax, bytesMax }: Kept,
): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `select id from (
      select s.id, lead(s.created_at) over by_age as closed_at,
        coalesce(sum(pg_total_relation_size(('bus.segment_' || s.id)::regclass)) over (
          order by s.id desc rows between unbounded preceding and 1 preceding), 0) as later_bytes
      from bus.segment s where s.topic_id = $1
      window by_age as (order by s.id)
    ) segment
    where closed_at is not null
      and (closed_at < now() - $2 * interval '1 millisecond' or later_bytes >= $3)
    order by id`,
    [topicId, ageMsMax, bytesMax],
  );
  return rows.map(({ id }) => id);
}

async function deleteSegment(client: pg.ClientBase, id: number): Promise<void> {
  await client.query("delete from bus.segment where id = $1", [id]);
  await client.query(`drop table ${segmentTable(id)}`);
}
