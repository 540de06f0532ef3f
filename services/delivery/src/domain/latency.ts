/**
 * How many attempts took how long: `counts[i]` of them more than `boundsMs[i - 1]` and at most
 * `boundsMs[i]`; the last count is of those that took longer than any bound.
 */
export interface LatencyCounts {
  readonly counts: readonly number[];
  readonly boundsMs: readonly number[];
}

/**
 * Gives the time that a share (0 to 1) of the attempts did not exceed, in milliseconds; undefined
 * when there were none. It lies in the right range of counts, and is spread evenly within it; for
 * what is longer than all bounds it is the last one.
 */
export function quantileMs({ counts, boundsMs }: LatencyCounts, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = share * total;
  let before = 0;
  for (const [index, count] of counts.entries()) {
    const isReached = count > 0 && before + count >= wanted;
    if (isReached) return within(boundsMs, index, Math.max(wanted - before, 0) / count);
    before += count;
  }
  return boundsMs.at(-1);
}

function within(boundsMs: readonly number[], index: number, share: number): number {
  const fromMs = boundsMs[index - 1] ?? 0;
  const toMs = boundsMs[index] ?? fromMs;
  return fromMs + (toMs - fromMs) * share;
}
