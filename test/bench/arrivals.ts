/** Arrivals by path and webhook-id: the monotonic times, in microseconds, of each. */
export type Arrivals = Map<string, number[]>;

/** Reads, and has the receiver forget, what arrived at a path since the last reading; adds it. */
export async function collectArrivals(origin: string, into: Map<string, Arrivals>): Promise<void> {
  const answer = await fetch(`${origin}/arrivals`);
  for (const [path, id, atUs] of (await answer.json()) as [string, string, number][]) {
    const ofPath = into.get(path) ?? new Map<string, number[]>();
    into.set(path, ofPath);
    const times = ofPath.get(id);
    if (times) times.push(atUs);
    else ofPath.set(id, [atUs]);
  }
}

/** How many POSTs came to paths that begin with `kind`, such as `/count`. */
export async function arrivedCount(origin: string, kind: string): Promise<number> {
  const counts = (await (await fetch(`${origin}/counts`)).json()) as Record<string, number>;
  return counts[kind] ?? 0;
}
