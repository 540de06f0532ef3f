import pg from "pg";

/** The table of a segment's records. A row holds neighbouring records of one partition. */
export function segmentTable(segmentId: number): string {
  return `bus.segment_${segmentId}`;
}

/**
 * Creates an empty segment of the topic; gives its id. Records are stored as they are and rows fill
 * a page; nothing is ever updated, and old segments are dropped whole, so nothing is to be vacuumed.
 */
export async function insertSegment(client: pg.ClientBase, topicId: number): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    "insert into bus.segment (topic_id) values ($1) returning id",
    [topicId],
  );
  const id = Number(rows[0]?.id);
  const table = segmentTable(id);
  await client.query(`create table ${table} (
    last_offset bigint not null,
    appended_at timestamptz not null,
    partition integer not null,
    record_count integer not null,
    records bytea not null,
    constraint segment_${id}_pkey primary key (partition, last_offset)
  ) with (toast_tuple_target = 8160, autovacuum_enabled = false, toast.autovacuum_enabled = false)`);
  await client.query(`alter table ${table} alter column records set storage external`);
  return id;
}

/** What holds an offset, or why nothing does. */
export type Located =
  | { readonly segmentId: number; readonly endOffset: bigint }
  | { readonly firstOffset: bigint; readonly endOffset: bigint };

/**
 * Finds the segment that holds the offset, or will hold it if it is the partition's next. Gives the
 * partition's kept range when the offset lies outside of it.
 */
export async function locateOffset(
  pool: pg.Pool,
  place: { topicId: number; partition: number },
  offset: bigint,
): Promise<Located> {
  const { rows } = await pool.query<string[]>({
    name: "bus_locate_offset",
    text: `select s.segment_id, s.first_offset, h.next_offset
      from bus.partition_head h
      left join lateral (
        select segment_id, first_offset from bus.segment_range r
        where r.topic_id = h.topic_id and r.partition = h.partition
          and (r.end_offset is null or r.end_offset > $3)
        order by segment_id limit 1
      ) s on true
      where h.topic_id = $1 and h.partition = $2`,
    values: [place.topicId, place.partition, offset.toString()],
    rowMode: "array",
  });
  const [segmentId, first = "0", next = "0"] = rows[0] ?? [];
  const range = { firstOffset: BigInt(first), endOffset: BigInt(next) };
  const isKept = offset >= range.firstOffset && offset <= range.endOffset;
  return isKept ? { segmentId: Number(segmentId), endOffset: range.endOffset } : range;
}

/** Whether a statement failed because its segment was dropped meanwhile. */
export function isDropped(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "42P01";
}
