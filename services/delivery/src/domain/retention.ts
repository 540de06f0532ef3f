const dayMs = 86_400_000;

/**
 * Gives the last day (UTC, `YYYY-MM-DD`) of which nothing is kept any more: all of it is more than
 * so many days old.
 */
export function lastExpiredDay(now: Date, keptDays: number): string {
  return new Date(now.getTime() - (keptDays + 1) * dayMs).toISOString().slice(0, 10);
}
