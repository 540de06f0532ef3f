import { expect, test } from "vitest";
import { count, headers, oneOf, pairs, seconds, texts, time } from "./parse.ts";

const now = new Date("2026-11-21T12:00:00Z");

test.each([
  ["90s", 90],
  ["15m", 900],
  ["1.5h", 5_400],
  ["7d", 604_800],
  ["0s", 0],
])("reads %s as a length of time", (text, length) => {
  expect(seconds(text)).toBe(length);
});

test.each(["", "5", "s", "-5s", "5 s", "1w", "1e3s", "99999999999d"])(
  "refuses %j as a length of time",
  (text) => {
    expect(() => seconds(text)).toThrow("It must be a length of time");
  },
);

test.each([
  ["2h", "2026-11-21T10:00:00.000Z"],
  ["+30m", "2026-11-21T12:30:00.000Z"],
  ["2026-11-20", "2026-11-20T00:00:00.000Z"],
  ["2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000Z"],
  ["2026-11-20T10:00:00.5z", "2026-11-20T10:00:00.500Z"],
])("reads %s as a time", (text, at) => {
  expect(time(text, now).toISOString()).toBe(at);
});

test.each(["", "yesterday", "2026-11-20T10:00:00", "2026-13-01", "12:00", "2h ago"])(
  "refuses %j as a time",
  (text) => {
    expect(() => time(text, now)).toThrow("It must be a");
  },
);

test("reads texts by commas and by naming the option again", () => {
  expect(texts("c, d,", texts("a,b"))).toEqual(["a", "b", "c", "d"]);
});

test("reads pairs and headers, whose values may hold the sign that parts them", () => {
  expect(pairs("b=c=d", pairs("a="))).toEqual({ a: "", b: "c=d" });
  expect(headers("X-B:  c:d ", headers("x-a:"))).toEqual({ "x-a": "", "X-B": "c:d" });
  expect(() => pairs("=a")).toThrow("name=value");
  expect(() => headers("nothing")).toThrow("header");
});

test("reads whole numbers, and words in any case", () => {
  expect(count("250")).toBe(250);
  expect(() => count("2.5")).toThrow("whole number");
  expect(oneOf("FAILED", "ALL")("all")).toBe("ALL");
  expect(() => oneOf("FAILED", "ALL")("some")).toThrow("one of FAILED, ALL");
});
