import type pg from "pg";
import type { StoredRecord } from "../bus.ts";
import { readChunk } from "./chunk.ts";
import { rawTypes } from "./connection.ts";
import { segmentTable } from "./segments.ts";

/** The most bytes of one batch, but for a single record that is larger. */
const batchBytesMax = 4 * 1024 * 1024;

/** Where to read, and how much at most. */
export interface FetchRange {
  readonly segmentId: number;
  readonly partition: number;
  readonly offset: bigint;
  readonly recordsMax: number;
}

/** Reads neighbouring records from the offset on; none when the segment has no more. */
export async function fetchRecords(pool: pg.Pool, range: FetchRange): Promise<StoredRecord[]> {
  const { rows } = await pool.query<[string, string, string, string]>({
    name: `bus_fetch_${range.segmentId}`,
    text: fetchStatement(range.segmentId),
    values: [range.partition, range.offset.toString(), range.recordsMax, batchBytesMax],
    rowMode: "array",
    types: rawTypes,
  });
  const records = rows.flatMap(([lastOffset, recordCount, appendedAtMs, hex]) =>
    readChunk(Buffer.from(hex.slice(2), "hex"), {
      partition: range.partition,
      firstOffset: BigInt(lastOffset) - BigInt(recordCount) + 1n,
      appendedAt: new Date(Number(appendedAtMs)),
    }),
  );
  const start = records.findIndex(({ offset }) => offset >= range.offset);
  return start === -1 ? [] : records.slice(start, start + range.recordsMax);
}

/** Takes the row of the offset, and those after it that fit whole. */
function fetchStatement(segmentId: number): string {
  const table = segmentTable(segmentId);
  return `select last_offset, record_count,
      floor(extract(epoch from appended_at) * 1000)::bigint, records
    from (
      select *, sum(octet_length(records)) over (order by last_offset) - octet_length(records)
        as bytes_before
      from ${table}
      where partition = $1 and last_offset >= $2 and last_offset < greatest(
        $2::bigint + $3::integer,
        (select min(last_offset) + 1 from ${table} where partition = $1 and last_offset >= $2)
      )
    ) kept
    where bytes_before < $4
    order by last_offset`;
}
