/** For each position (the next offset to read) how many records wait; never below zero. */
export function lagOf(
  positions: ReadonlyMap<number, bigint>,
  ends: readonly bigint[],
): Map<number, bigint> {
  const lag = new Map<number, bigint>();
  for (const [partition, position] of positions) {
    const end = ends[partition] ?? 0n;
    lag.set(partition, end > position ? end - position : 0n);
  }
  return lag;
}
