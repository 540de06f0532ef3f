import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../bus.ts";
import { appendCall, packRows } from "./append.ts";
import { readChunk } from "./chunk.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const record: fc.Arbitrary<LogRecord> = fc.record({
  partition: fc.nat(3),
  key: fc.option(bytes),
  value: fc.oneof(
    bytes,
    fc.integer({ min: 3_000, max: 20_000 }).map((length) => Buffer.alloc(length, 7)),
  ),
  headers: fc.dictionary(fc.string({ unit: "binary" }), bytes, { maxKeys: 3 }),
});

describe("packRows", () => {
  test("keeps every record, byte for byte and in its partition's order", () => {
    fc.assert(
      fc.property(fc.array(fc.array(record, { maxLength: 8 }), { maxLength: 5 }), (calls) => {
        const packed = unpack(packRows(calls.map(appendCall)));
        for (const partition of [0, 1, 2, 3]) {
          const sent = calls.flat().filter((each) => each.partition === partition);
          const got = packed.filter((each) => each.partition === partition);
          expect(got.map(plain)).toEqual(sent.map(plain));
          expect(got.map(({ offset }) => offset)).toEqual(got.map((_, index) => BigInt(index)));
        }
      }),
    );
  });

  test("fills rows up to what a page takes, and no further", () => {
    const value = Buffer.alloc(986);
    const records = Array.from({ length: 20 }, () => ({
      partition: 0,
      key: null,
      value,
      headers: {},
    }));
    const { counts, chunks } = packRows([appendCall(records)]);
    expect(counts).toEqual([8, 8, 4]);
    expect(chunks.readInt32BE(20)).toBeLessThanOrEqual(8_000);
  });

  test("puts at most 500 records into a row, and a large record into one of its own", () => {
    const small = { partition: 0, key: null, value: new Uint8Array(), headers: {} };
    const large = { ...small, value: Buffer.alloc(9_000) };
    const calls = [Array.from({ length: 600 }, () => small), [large, small]];
    expect(packRows(calls.map(appendCall)).counts).toEqual([500, 100, 1, 1]);
  });
});

describe("readChunk", () => {
  const place = { partition: 0, firstOffset: 0n, appendedAt: new Date(0) };

  test.each([
    ["of another version", Buffer.from([2])],
    ["cut within a record", Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0])],
  ])("refuses a chunk %s", (_name, chunk) => {
    expect(() => readChunk(chunk, place)).toThrow();
  });
});

/** Reads the binary array back, counting offsets as the statement does. */
function unpack({ partitions, counts, chunks }: ReturnType<typeof packRows>) {
  const next = new Map<number, bigint>();
  let at = 20;
  return partitions.flatMap((partition, index) => {
    const start = at + 4;
    at = start + chunks.readInt32BE(at);
    const firstOffset = next.get(partition) ?? 0n;
    next.set(partition, firstOffset + BigInt(counts[index] ?? 0));
    return readChunk(chunks.subarray(start, at), {
      partition,
      firstOffset,
      appendedAt: new Date(0),
    });
  });
}

function plain({ key, value, headers }: LogRecord) {
  const entries = Object.entries(headers).map(([name, header]) => [name, [...header]]);
  return { key: key && [...key], value: Buffer.from(value).toString("base64"), headers: entries };
}
