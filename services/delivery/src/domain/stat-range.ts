import { invalid } from "@posthorn/errors";

/** How finely numbers are divided. */
export type Granularity = "TOTAL" | "HOUR" | "DAY";

/** A range of full hours, or of full days (UTC). */
export interface StatRange {
  readonly after: Date;
  readonly before: Date;
  readonly granularity: Granularity;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const daysBackMax = 92;
const hourlyDaysMax = 31;

/**
 * Widens what was asked for to full hours, or days: 24 hours up to now where nothing was said.
 * Throws `invalid` for an inverted range, one that begins more than 92 days ago, and more than
 * 31 days by the hour.
 */
export function statRange(
  asked: { after: Date | undefined; before: Date | undefined; granularity: Granularity },
  now: Date,
): StatRange {
  const beforeMs = asked.before?.getTime() ?? now.getTime();
  const afterMs = asked.after?.getTime() ?? beforeMs - dayMs;
  if (afterMs >= beforeMs) throw invalid("after", "must be earlier than the end of the range");
  if (afterMs < now.getTime() - daysBackMax * dayMs) {
    throw invalid("after", `must be at most ${daysBackMax} days back`);
  }
  const stepMs = asked.granularity === "DAY" ? dayMs : hourMs;
  const after = new Date(Math.floor(afterMs / stepMs) * stepMs);
  const before = new Date(Math.ceil(beforeMs / stepMs) * stepMs);
  const isLong = before.getTime() - after.getTime() > hourlyDaysMax * dayMs;
  if (asked.granularity === "HOUR" && isLong) {
    throw invalid("granularity", `HOUR is for at most ${hourlyDaysMax} days`);
  }
  return { after, before, granularity: asked.granularity };
}
