import { expect, it } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const now = new Date("2026-01-01T00:00:00Z");

it.each([
  ["absent", undefined, undefined],
  ["seconds", "120", 120_000],
  ["seconds with space around", " 5 ", 5_000],
  ["zero asks for nothing", "0", undefined],
  ["more than a day counts as a day", "999999", 86_400_000],
  ["a date", "Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["a date that is past", "Wed, 31 Dec 2025 00:00:00 GMT", undefined],
  ["garbage", "soon", undefined],
  ["a negative number", "-5", undefined],
])("%s", (_name, header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});
