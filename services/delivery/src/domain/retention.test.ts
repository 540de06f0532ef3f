import { expect, it } from "vitest";
import { lastExpiredDay } from "./retention.ts";

it.each([
  ["the very end of a day", "2026-11-21T23:59:59.999Z", 30, "2026-10-21"],
  ["the very beginning of a day", "2026-11-21T00:00:00.000Z", 30, "2026-10-21"],
  ["a single day", "2026-11-21T12:00:00.000Z", 1, "2026-11-19"],
  ["days of other months", "2026-03-01T12:00:00.000Z", 90, "2025-11-30"],
])("the last moment of the day has passed so long ago: %s", (_, now, keptDays, day) => {
  expect(lastExpiredDay(new Date(now), keptDays)).toBe(day);
  const endMs = Date.parse(`${day}T23:59:59.999Z`);
  expect(new Date(now).getTime() - endMs).toBeGreaterThan(keptDays * 86_400_000);
});
