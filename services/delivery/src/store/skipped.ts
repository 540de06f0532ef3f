import type { Skipped } from "../domain/match.ts";

/** The webhooks that got no delivery of an event: the first of them, and how many there are. */
export interface SkippedWebhooks {
  readonly skipped: readonly Skipped[];
  readonly skippedCount: number;
}

/** Writes skipped webhooks as JSON: an array, or `{"first", "count"}` when not all are listed. */
export function writeSkipped({ skipped, skippedCount }: SkippedWebhooks): string {
  if (skippedCount === 0) return "[]";
  const isAll = skippedCount === skipped.length;
  return JSON.stringify(isAll ? skipped : { first: skipped, count: skippedCount });
}

/** Reads what `writeSkipped` wrote. */
export function readSkipped(text: string): SkippedWebhooks {
  const read = JSON.parse(text) as readonly Skipped[] | { first: Skipped[]; count: number }; // written by us
  if ("first" in read) return { skipped: read.first, skippedCount: read.count };
  return { skipped: read, skippedCount: read.length };
}
