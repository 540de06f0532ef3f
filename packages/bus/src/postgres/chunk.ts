import assert from "node:assert";
import type { LogRecord, StoredRecord } from "../bus.ts";

/** The first byte of a chunk: how the rest is to be read. */
const version = 1;
const nullKey = -1;
const noHeaders: Readonly<Record<string, Uint8Array>> = Object.freeze(Object.create(null));

/** What a chunk takes beside its records. */
export const chunkHeadBytes = 1;

/**
 * Writes records as a chunk into `target` at `start`; gives the end. A chunk is the version byte,
 * then per record: key length (-1 = null), key, value length, value, header count, and per header
 * name length, name, value length, value. Lengths are big-endian int32, of names and counts uint16.
 */
export function writeChunk(target: Buffer, start: number, records: Iterable<LogRecord>): number {
  let at = target.writeUInt8(version, start);
  for (const record of records) at = writeRecord(target, at, record);
  return at;
}

function writeRecord(target: Buffer, start: number, { key, value, headers }: LogRecord): number {
  let at = key ? writeBytes(target, start, key) : target.writeInt32BE(nullKey, start);
  at = writeBytes(target, at, value);
  const countAt = at;
  let count = 0;
  at += 2;
  for (const name in headers) {
    const nameBytes = target.write(name, at + 2);
    target.writeUInt16BE(nameBytes, at);
    at = writeBytes(target, at + 2 + nameBytes, headers[name] ?? Buffer.alloc(0));
    count += 1;
  }
  target.writeUInt16BE(count, countAt);
  return at;
}

function writeBytes(target: Buffer, start: number, bytes: Uint8Array): number {
  const at = target.writeInt32BE(bytes.length, start);
  target.set(bytes, at);
  return at + bytes.length;
}

/** What a row tells of all its records. */
export interface ChunkPlace {
  readonly partition: number;
  readonly firstOffset: bigint;
  readonly appendedAt: Date;
}

/** Reads a chunk's records, which share its memory. Throws when it is not a whole chunk. */
export function readChunk(chunk: Buffer, place: ChunkPlace): StoredRecord[] {
  assert(chunk[0] === version, `log chunk of unknown version ${chunk[0]}`);
  const records: StoredRecord[] = [];
  let at = 1;
  let offset = place.firstOffset;
  while (at < chunk.length) {
    const key = bytesAt();
    const value = bytesAt();
    assert(value, "log record without value");
    const { partition, appendedAt } = place;
    records.push({ partition, offset, appendedAt, key, value, headers: headersAt() });
    offset += 1n;
  }
  assert(at === chunk.length, "log chunk cut short");
  return records;

  function bytesAt(): Buffer | null {
    const length = chunk.readInt32BE(at);
    at += 4;
    if (length === nullKey) return null;
    at += length;
    return chunk.subarray(at - length, at);
  }

  function headersAt(): Readonly<Record<string, Uint8Array>> {
    const count = chunk.readUInt16BE(at);
    at += 2;
    if (count === 0) return noHeaders;
    const headers: Record<string, Uint8Array> = Object.create(null);
    for (let index = 0; index < count; index += 1) {
      const nameEnd = at + 2 + chunk.readUInt16BE(at);
      const name = chunk.toString("utf8", at + 2, nameEnd);
      at = nameEnd;
      headers[name] = bytesAt() ?? Buffer.alloc(0);
    }
    return headers;
  }
}
