import { describe, expect, test } from "vitest";
import { type Granularity, statRange } from "./stat-range.ts";

const now = new Date("2026-11-21T14:20:00Z");
const range = (after: string, before: string, granularity: Granularity) =>
  statRange(
    {
      after: after === "" ? undefined : new Date(after),
      before: before === "" ? undefined : new Date(before),
      granularity,
    },
    now,
  );

describe("a range", () => {
  test.each<[string, string, string, Granularity, string, string]>([
    ["not said", "", "", "TOTAL", "2026-11-20T14:00", "2026-11-21T15:00"],
    ["not said, by days", "", "", "DAY", "2026-11-20T00:00", "2026-11-22T00:00"],
    [
      "full already",
      "2026-11-21T10:00Z",
      "2026-11-21T12:00Z",
      "HOUR",
      "2026-11-21T10:00",
      "2026-11-21T12:00",
    ],
    [
      "within an hour",
      "2026-11-21T10:10Z",
      "2026-11-21T10:20Z",
      "HOUR",
      "2026-11-21T10:00",
      "2026-11-21T11:00",
    ],
    [
      "without a beginning",
      "",
      "2026-11-10T00:00Z",
      "HOUR",
      "2026-11-09T00:00",
      "2026-11-10T00:00",
    ],
  ])("%s", (_, after, before, granularity, from, to) => {
    const expected = { after: new Date(`${from}Z`), before: new Date(`${to}Z`), granularity };
    expect(range(after, before, granularity)).toEqual(expected);
  });

  test.each<[string, string, string, Granularity, string]>([
    ["inverted", "2026-11-21T10:00Z", "2026-11-21T09:00Z", "TOTAL", "after"],
    ["empty", "2026-11-21T10:00Z", "2026-11-21T10:00Z", "TOTAL", "after"],
    ["that begins ahead", "2026-11-22T10:00Z", "", "TOTAL", "after"],
    ["that begins too long ago", "2026-08-20T00:00Z", "", "DAY", "after"],
    ["of too many hours", "2026-10-20T00:00Z", "", "HOUR", "granularity"],
  ])("%s is refused by its field", (_, after, before, granularity, field) => {
    const refused = { reason: "invalid", fields: [expect.objectContaining({ field })] };
    expect(() => range(after, before, granularity)).toThrow(expect.objectContaining(refused));
  });
});
