import { monotonicUs } from "./clock.ts";
import { type Load, type Published, publishLoad } from "./publish.ts";

/** What a run came to. Times in milliseconds. */
export interface Measured {
  readonly events: number;
  /** Delivered events per second, from the first publish to the last arrival. */
  readonly perSecond: number;
  readonly acceptToArrival: Percentiles;
  readonly requestToArrival: Percentiles;
  readonly lost: number;
  readonly doubled: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Longest wait for the last arrival after the last publish. */
const drainSeconds = 60;
const collectMs = 20;

/** Publishes, waits until everything arrived, and compares the two. */
export async function measure(load: Load, receiverUrl: string): Promise<Measured> {
  await arrivalsOf(receiverUrl); // forget what came before
  const startUs = monotonicUs();
  const arrivals = new Map<string, number[]>();
  const publishing = publishLoad({ ...load, arrivedCount: () => arrivals.size });
  let published: Published[] | undefined;
  void publishing.then((all) => {
    published = all;
  });
  let endUs = Number.POSITIVE_INFINITY;
  while (!published || (missing(published, arrivals) > 0 && monotonicUs() < endUs)) {
    await new Promise((resolve) => setTimeout(resolve, collectMs));
    for (const [id, atUs] of await arrivalsOf(receiverUrl)) {
      arrivals.set(id, [...(arrivals.get(id) ?? []), atUs]);
    }
    if (published && endUs === Number.POSITIVE_INFINITY) endUs = monotonicUs() + drainSeconds * 1e6;
  }
  return summarize(published, arrivals, startUs);
}

function missing(published: readonly Published[], arrivals: ReadonlyMap<string, number[]>): number {
  return published.filter(({ id }) => !arrivals.has(id)).length;
}

async function arrivalsOf(receiverUrl: string): Promise<[string, number][]> {
  const answer = await fetch(receiverUrl);
  return (await answer.json()) as [string, number][];
}

function summarize(
  published: readonly Published[],
  arrivals: ReadonlyMap<string, number[]>,
  startUs: number,
): Measured {
  const arrived = published.flatMap((event) => {
    const [atUs] = arrivals.get(event.id) ?? [];
    return atUs === undefined ? [] : [{ event, atUs }];
  });
  const lastUs = arrived.reduce((max, { atUs }) => Math.max(max, atUs), startUs);
  return {
    events: published.length,
    perSecond: arrived.length / ((lastUs - startUs) / 1e6),
    acceptToArrival: percentiles(
      arrived.map(({ event, atUs }) => Math.max(atUs - event.acceptedUs, 0)),
    ),
    requestToArrival: percentiles(arrived.map(({ event, atUs }) => atUs - event.sentUs)),
    lost: published.length - arrived.length,
    doubled: [...arrivals.values()].filter((times) => times.length > 1).length,
  };
}

function percentiles(timesUs: readonly number[]): Percentiles {
  const sorted = [...timesUs].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN) / 1000;
  return { p50: at(0.5), p99: at(0.99) };
}
