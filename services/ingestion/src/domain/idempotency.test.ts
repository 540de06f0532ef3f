import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { describe, expect, test } from "vitest";
import { bodyHash, checkKeyHeader, keyInBatch, keyOfEvent, keyOfRecord } from "./idempotency.ts";

const event = (idempotencyKey = "") => create(EventSchema, { type: "a", idempotencyKey });

describe("the header Idempotency-Key", () => {
  test.each(["a", "a b", "!".repeat(256), "~"])("may be %j", (header) => {
    expect(checkKeyHeader(header)).toBe(header);
  });

  test.each([
    ["empty", ""],
    ["257 characters long", "a".repeat(257)],
    ["with NUL", "a\0b"],
    ["with a newline", "a\nb"],
    ["ending in a newline", "a\n"],
    ["with a space at its end", "a "],
    ["beyond ASCII", "schlüssel"],
  ])("may not be %s", (_, header) => {
    expect(() => checkKeyHeader(header)).toThrow(expect.objectContaining({ reason: "invalid" }));
  });

  test("may be absent", () => expect(checkKeyHeader(null)).toBeUndefined());
});

describe("the key of one event", () => {
  test.each([
    [undefined, "", undefined],
    ["h", "", "h"],
    [undefined, "f", "f"],
    ["same", "same", "same"],
  ])("with header %j and field %j is %j", (header, field, key) => {
    expect(keyOfEvent(header, event(field))).toBe(key);
  });

  test("is refused when header and field differ", () => {
    const refusal = { fields: [expect.objectContaining({ field: "event.idempotencyKey" })] };
    expect(() => keyOfEvent("h", event("f"))).toThrow(expect.objectContaining(refusal));
  });
});

describe("keys of a batch", () => {
  const place = { index: 1, count: 3 };

  test("come from the header, different for each place and size", () => {
    const keys = [place, { index: 2, count: 3 }, { index: 1, count: 2 }].map((each) =>
      keyInBatch("h", event(), each),
    );
    expect(new Set([...keys, "h"]).size).toBe(4);
  });

  test("are those of the events without a header", () => {
    expect(keyInBatch(undefined, event("f"), place)).toBe("f");
    expect(keyInBatch(undefined, event(), place)).toBeUndefined();
  });

  test("are refused when header and field differ", () => {
    const refusal = { fields: [expect.objectContaining({ field: "events[1].idempotencyKey" })] };
    expect(() => keyInBatch("h", event("f"), place)).toThrow(expect.objectContaining(refusal));
  });

  test("are the header itself when there is one event", () => {
    expect(keyInBatch("h", event(), { index: 0, count: 1 })).toBe("h");
  });
});

test("no caller can give the key of a record", () => {
  const key = keyOfRecord({ logId: "log", topic: "t", partition: 3, offset: 7n });
  expect(key).toBe("\tlog\tt\t3\t7");
  expect(() => checkKeyHeader(key)).toThrow();
});

describe("the hash of a body", () => {
  const said = {
    type: "a",
    data: Buffer.from("1"),
    orderingKey: "o",
    time: timestampFromMs(1_700_000_000_000),
  };
  const hashOf = (change: object) =>
    Buffer.from(bodyHash(create(EventSchema, { ...said, ...change }))).toString("hex");

  test("has 32 bytes and stays the same, whatever the key", () => {
    expect(hashOf({})).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf({ idempotencyKey: "k" })).toBe(hashOf({}));
  });

  test("is told apart by the time to deliver at", () => {
    const at = (ms: number) => hashOf({ deliverTime: timestampFromMs(ms) });
    expect(at(1_700_000_000_000)).not.toBe(at(1_700_000_000_001));
  });

  test("is that of earlier releases for an event that is sent at once", () => {
    expect(hashOf({})).toBe("41ff82c41522616b9aade149e6733057c9108704cbed43dd14dad8fc875ca4ee");
  });

  test.each([
    ["type", { type: "b" }],
    ["data, even in white space", { data: Buffer.from("1 ") }],
    ["ordering key", { orderingKey: "p" }],
    ["time", { time: timestampFromMs(1_700_000_000_001) }],
    ["absence of a time", { time: undefined }],
    ["time to deliver at", { deliverTime: timestampFromMs(1_700_000_000_000) }],
    ["connection", { connection: "conn_1" }],
    ["previous values", { previousAttributes: Buffer.from("{}") }],
    ["where one ends and the next begins", { orderingKey: "", type: "ao" }],
  ])("depends on the %s", (_, change) => {
    expect(hashOf(change)).not.toBe(hashOf({}));
  });
});
