/**
 * Array parameters of hot statements in Postgres' binary form (array_recv): the driver sends a
 * Buffer as it is, so nothing is quoted here and nothing is parsed there. Each needs its cast in
 * the statement: `${uuids(ids)}::uuid[]`.
 *
 * Many columns become rows side by side in a select list, `from (select unnest(a) as x, unnest(b) as
 * y) r`: `from unnest(a, b)` puts each column into a store of its own first.
 */

const headBytes = 20;
const nullLength = -1;
/** Postgres counts days and microseconds from 2000-01-01. */
const epochMs = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;
/** The types' object ids (pg_type.dat). */
const oid = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int4: 23,
  text: 25,
  date: 1082,
  time: 1184,
  uuid: 2950,
};

/** `uuid[]`. */
export function uuids(values: readonly string[]): Buffer {
  const array = head(oid.uuid, values.length, values.length * 20);
  let at = headBytes;
  let before: string | undefined;
  for (const value of values) {
    // Rows beside each other often name the same workspace, webhook or event.
    if (value === before) array.copyWithin(at, at - 20, at);
    else writeUuid(array, at, value);
    before = value;
    at += 20;
  }
  return array;
}

/** `text[]`. */
export function texts(values: readonly string[]): Buffer {
  if (values.length === 0) return head(oid.text, 0, 0);
  // All in one write, with room for each length: a write of its own for each takes twice as long.
  const all = `\0\0\0\0${values.join("\0\0\0\0")}`;
  const bytes = Buffer.byteLength(all);
  const array = head(oid.text, values.length, bytes);
  array.write(all, headBytes);
  const isAscii = bytes === all.length;
  let at = headBytes;
  for (const value of values) {
    const length = isAscii ? value.length : Buffer.byteLength(value);
    array.writeInt32BE(length, at);
    at += 4 + length;
  }
  return array;
}

/** `bytea[]`. */
export function byteStrings(values: readonly Uint8Array[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += 4 + value.length;
  const array = head(oid.bytea, values.length, bytes);
  let at = headBytes;
  for (const value of values) {
    array.writeInt32BE(value.length, at);
    array.set(value, at + 4);
    at += 4 + value.length;
  }
  return array;
}

/** `integer[]`; null for what is undefined. */
export function integers(values: readonly (number | undefined)[]): Buffer {
  return fixed(oid.int4, 4, values, (array, at, value) => array.writeInt32BE(value, at));
}

/** `bigint[]`, from decimal text or bigints. */
export function bigints(values: readonly (string | bigint)[]): Buffer {
  return fixed(oid.int8, 8, values, (array, at, value) => array.writeBigInt64BE(BigInt(value), at));
}

/** `boolean[]`. */
export function booleans(values: readonly boolean[]): Buffer {
  return fixed(oid.bool, 1, values, (array, at, value) => array.writeUInt8(value ? 1 : 0, at));
}

/** `date[]` of days `YYYY-MM-DD`. */
export function dates(values: readonly string[]): Buffer {
  return fixed(oid.date, 4, values, (array, at, value) =>
    array.writeInt32BE((Date.parse(value) - epochMs) / dayMs, at),
  );
}

/** `timestamptz[]`; null for what is undefined. */
export function times(values: readonly (Date | undefined)[]): Buffer {
  return fixed(oid.time, 8, values, (array, at, value) =>
    writeMicroseconds(array, at, value.getTime() - epochMs),
  );
}

function fixed<T extends {}>(
  type: number,
  size: number,
  values: readonly (T | undefined)[],
  write: (array: Buffer, at: number, value: T) => void,
): Buffer {
  let nullCount = 0;
  for (const value of values) if (value === undefined) nullCount += 1;
  const bytes = values.length * 4 + (values.length - nullCount) * size;
  const array = head(type, values.length, bytes, nullCount > 0);
  let at = headBytes;
  for (const value of values) {
    array.writeInt32BE(value === undefined ? nullLength : size, at);
    at += 4;
    if (value === undefined) continue;
    write(array, at, value);
    at += size;
  }
  return array;
}

/** One dimension, counted from 1; an empty array has none. */
function head(type: number, count: number, bytes: number, hasNull = false): Buffer {
  const array = Buffer.allocUnsafe(headBytes + bytes);
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return count === 0 ? array.subarray(0, 12) : array;
}

/** Where the digit pairs of a UUID's text begin. */
const pairAt = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** With its length, 16. */
function writeUuid(array: Buffer, at: number, uuid: string): void {
  array.writeInt32BE(16, at);
  let byteAt = at + 4;
  for (const pair of pairAt) {
    array[byteAt] = (digit(uuid.charCodeAt(pair)) << 4) | digit(uuid.charCodeAt(pair + 1));
    byteAt += 1;
  }
}

/** The value of a hexadecimal digit. Not by a condition, which no processor foresees. */
function digit(code: number): number {
  return (code & 15) + 9 * (code >> 6);
}

/** Writes milliseconds as microseconds, in two halves: a bigint takes four times as long. */
function writeMicroseconds(array: Buffer, at: number, ms: number): void {
  const us = ms * 1000;
  const high = Math.floor(us / 2 ** 32);
  array.writeInt32BE(high, at);
  array.writeUInt32BE(us - high * 2 ** 32, at + 4);
}
