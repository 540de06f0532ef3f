import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { describe, expect, test } from "vitest";
import { eventProblem } from "./event-check.ts";

const nowMs = Date.UTC(2026, 10, 21);
const minute = 60_000;

function check(data: string | Uint8Array, rest: object = {}) {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const event = create(EventSchema, { type: "a", data: bytes, ...rest });
  const problem = eventProblem(event, "events[3]", nowMs);
  return problem && [problem.reason, problem.fields[0]?.field, problem.fields[0]?.reason];
}

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const manyKeys = (count: number) =>
  `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`;

describe("data", () => {
  test.each([
    ["a number", "1"],
    ["a number of 30 digits", "123456789012345678901234567890"],
    ["the size limit", `"${"x".repeat(262_142)}"`],
    ["depth 64", nested(64)],
    ["10,000 keys", manyKeys(10_000)],
    ["keys that are names of object members", '{"__proto__":1,"constructor":2,"prototype":3}'],
    ["a pair of surrogates", String.raw`"\ud83d\ude00"`],
  ])("takes %s", (_, data) => {
    expect(check(data)).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test.each([
    ["nothing", "", "required"],
    ["text that ends too early", '{"a":', "invalid_json"],
    ["a trailing comma", '{"a":1,}', "invalid_json"],
    ["a comment", "/* a */ 1", "invalid_json"],
    ["single quotes", "{'a':1}", "invalid_json"],
    ["NaN", "NaN", "invalid_json"],
    ["Infinity", "[Infinity]", "invalid_json"],
    ["two values", "1 2", "invalid_json"],
    ["UTF-16", Buffer.from('{"a":1}', "utf16le"), "invalid_json"],
    ["the byte FF", Buffer.from([0x22, 0xff, 0x22]), "invalid_unicode"],
    ["a coded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "invalid_unicode"],
    ["a lone surrogate", String.raw`"\ud800"`, "invalid_unicode"],
    ["reversed surrogates", String.raw`"\ude00\ud83d"`, "invalid_unicode"],
    ["a key twice", '{"a":1,"a":2}', "duplicate_key"],
    ["a key twice, once escaped", String.raw`{"a":1,"\u0061":2}`, "duplicate_key"],
    ["depth 65", nested(65), "too_deep"],
    ["depth 10,000", nested(10_000), "too_deep"],
    ["10,001 keys", manyKeys(10_001), "too_many_keys"],
  ])("refuses %s", (_, data, reason) => {
    expect(check(data)).toEqual(["invalid", "events[3].data", reason]);
  });

  test("refuses one byte more than 262,144 as too large", () => {
    const data = `"${"x".repeat(262_143)}"`;
    expect(check(data)).toEqual(["too_large", "events[3].data", "too_large"]);
  });
});

describe("time", () => {
  test.each([
    ["29 days ago", new Date(nowMs - 29 * 24 * 60 * minute)],
    ["5 minutes ahead", new Date(nowMs + 5 * minute)],
    ["the first moment of 2000", new Date(Date.UTC(2000, 0))],
  ])("takes %s", (_, time) => {
    expect(check("1", { time: timestampFromDate(time) })).toBeUndefined();
  });

  test.each([
    ["more than 5 minutes ahead", nowMs + 5 * minute + 1],
    ["the end of 1999", Date.UTC(2000, 0) - 1],
    ["the year 1", Date.parse("0001-01-01T00:00:00Z")],
    ["the year 275760", 8.64e15],
  ])("refuses %s", (_, ms) => {
    const time = timestampFromDate(new Date(ms));
    expect(check("1", { time })).toEqual(["invalid", "events[3].time", undefined]);
  });

  test.each([
    ["seconds beyond any calendar", { seconds: 9_223_372_036_854_775_807n, nanos: 0 }],
    ["negative nanoseconds", { seconds: 1_700_000_000n, nanos: -1 }],
    ["a whole second of nanoseconds", { seconds: 1_700_000_000n, nanos: 1_000_000_000 }],
  ])("refuses %s", (_, time) => {
    expect(check("1", { time })).toEqual(["invalid", "events[3].time", undefined]);
  });
});

describe("the time to deliver at", () => {
  const day = 24 * 60 * minute;

  test.each([
    ["14 days ahead", new Date(nowMs + 14 * day)],
    ["a moment ago, which means at once", new Date(nowMs - 1)],
    ["the first moment of 2000", new Date(Date.UTC(2000, 0))],
  ])("may be %s", (_, time) => {
    expect(check("1", { deliverTime: timestampFromDate(time) })).toBeUndefined();
  });

  test.each([
    ["more than 14 days ahead", timestampFromDate(new Date(nowMs + 14 * day + 1))],
    ["the year 275760", timestampFromDate(new Date(8.64e15))],
    ["seconds beyond any calendar", { seconds: 9_223_372_036_854_775_807n, nanos: 0 }],
    ["the end of 1999", timestampFromDate(new Date(Date.UTC(2000, 0) - 1))],
    ["a whole second of nanoseconds", { seconds: 1_700_000_000n, nanos: 1_000_000_000 }],
  ])("may not be %s", (_, deliverTime) => {
    expect(check("1", { deliverTime })).toEqual(["invalid", "events[3].deliverTime", undefined]);
  });
});

describe("what only Posthorn sets", () => {
  test.each([
    ["id", { id: "evt_01h455vb4pex5vsknk084sn02q" }],
    ["acceptTime", { acceptTime: timestampFromDate(new Date(nowMs)) }],
  ])("refuses %s", (field, rest) => {
    expect(check("1", rest)).toEqual(["invalid", `events[3].${field}`, "output_only"]);
  });
});
