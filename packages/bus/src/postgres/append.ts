import type { LogRecord } from "../bus.ts";
import { recordBytes } from "../record-bytes.ts";
import { chunkHeadBytes, writeChunk } from "./chunk.ts";

/**
 * A row up to this size stays in the table's page (a tuple of 8,160 bytes fits, see the segment's
 * `toast_tuple_target`). Measured on Postgres 18, 480 records of 1 kB an append: 82,000-94,000
 * records/s with such rows, 58,000-70,000 with a row per record, 70,000 with a row per append.
 */
const chunkBytesMax = 8_000;
/** A reader takes whole rows, so this bounds how many records it takes too many. */
export const chunkRecordsMax = 500;

/** The records of one publish, measured. */
export interface AppendCall {
  readonly records: readonly LogRecord[];
  readonly recordsBytes: readonly number[];
  readonly bytes: number;
}

/** Measures the records of one publish. */
export function appendCall(records: readonly LogRecord[]): AppendCall {
  const recordsBytes = records.map(recordBytes);
  const bytes = recordsBytes.reduce((sum, next) => sum + next, 0);
  return { records, recordsBytes, bytes };
}

interface Chunk {
  readonly partition: number;
  readonly records: LogRecord[];
  bytes: number;
}

/** The rows to append, as parameters of the append statement: one array a column, and the totals. */
export interface AppendRows {
  readonly partitions: number[];
  readonly counts: number[];
  /** How many records of its partition come up to a row's end. */
  readonly tills: number[];
  /** How many records come by partition. */
  readonly totals: ReadonlyMap<number, number>;
  /** A `bytea[]` in Postgres' binary form. */
  readonly chunks: Buffer;
}

/** Packs the records of several publishes into rows; each partition's keep their order. */
export function packRows(calls: readonly AppendCall[]): AppendRows {
  const chunks = packChunks(calls);
  const totals = new Map<number, number>();
  const tills = chunks.map(({ partition, records }) => {
    const till = (totals.get(partition) ?? 0) + records.length;
    totals.set(partition, till);
    return till;
  });
  return {
    partitions: chunks.map(({ partition }) => partition),
    counts: chunks.map(({ records }) => records.length),
    tills,
    totals,
    chunks: toByteaArray(chunks),
  };
}

function packChunks(calls: readonly AppendCall[]): Chunk[] {
  const open = new Map<number, Chunk>();
  const chunks: Chunk[] = [];
  for (const { records, recordsBytes } of calls) {
    for (const [index, record] of records.entries()) {
      const bytes = recordsBytes[index] ?? 0;
      let chunk = open.get(record.partition);
      if (!chunk || isFull(chunk, bytes)) {
        chunk = { partition: record.partition, records: [], bytes: chunkHeadBytes };
        open.set(record.partition, chunk);
        chunks.push(chunk);
      }
      chunk.records.push(record);
      chunk.bytes += bytes;
    }
  }
  return chunks;
}

function isFull(chunk: Chunk, nextBytes: number): boolean {
  return chunk.records.length >= chunkRecordsMax || chunk.bytes + nextBytes > chunkBytesMax;
}

const byteaOid = 17;

/** Postgres' array_send: dimensions, has-nulls, element type, size, lower bound, then length + bytes each. */
function toByteaArray(chunks: readonly Chunk[]): Buffer {
  const bytes = chunks.reduce((sum, chunk) => sum + 4 + chunk.bytes, 20);
  const array = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const head of [1, 0, byteaOid, chunks.length, 1]) at = array.writeInt32BE(head, at);
  for (const chunk of chunks) {
    at = array.writeInt32BE(chunk.bytes, at);
    at = writeChunk(array, at, chunk.records);
  }
  return array;
}
