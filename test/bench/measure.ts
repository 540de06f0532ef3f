import { type Arrivals, collectArrivals } from "./arrivals.ts";
import { monotonicUs } from "./clock.ts";
import { costs, type Figures, type Percentiles, percentiles } from "./figures.ts";
import { type Load, type Published, publishLoad } from "./publish.ts";
import type { Stage } from "./stage.ts";

/** Longest wait for the last arrival after the last publish. */
const drainSeconds = 120;
const collectMs = 20;

export type Measured = Required<
  Pick<
    Figures,
    | "deliveriesPerSecond"
    | "acceptToArrivalMs"
    | "requestToArrivalMs"
    | "nodeUsPerDelivery"
    | "postgresUsPerDelivery"
    | "deliveriesPerCpuSecond"
    | "walBytesPerDelivery"
    | "databaseBytesPerDelivery"
    | "events"
    | "lost"
    | "doubled"
  >
>;

/** Publishes to a workspace whose one webhook is at `path`, waits until all arrived, and compares. */
export async function measure(
  on: Stage,
  { path, ...load }: Omit<Load, "url" | "key"> & { path: string },
): Promise<Measured> {
  const { url, operatorKey: key } = on.posthorn;
  const arrived = new Map<string, Arrivals>([[path, new Map()]]);
  const ofPath = () => arrived.get(path) ?? new Map<string, number[]>();
  await collectArrivals(on.origin, new Map()); // forget what came before
  const before = await on.usage();
  const startUs = monotonicUs();
  const publishing = publishLoad({ url, key, ...load, arrivedCount: () => ofPath().size });
  let published: Published[] | undefined;
  let failure: unknown;
  publishing.then(
    (all) => {
      published = all;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  let endUs = Number.POSITIVE_INFINITY;
  while (!published || (ofPath().size < published.length && monotonicUs() < endUs)) {
    await new Promise((resolve) => setTimeout(resolve, collectMs));
    await collectArrivals(on.origin, arrived);
    if (failure !== undefined) throw failure;
    if (published && endUs === Number.POSITIVE_INFINITY) endUs = monotonicUs() + drainSeconds * 1e6;
  }
  const used = costs(before, await on.usage(), ofPath().size);
  return { ...compare(published, ofPath(), startUs), ...used };
}

/** Holds what was published against what arrived. */
export function compare(published: readonly Published[], arrivals: Arrivals, startUs: number) {
  const toArrival: { acceptUs: number; requestUs: number }[] = [];
  let lastUs = startUs;
  let doubled = 0;
  for (const { id, acceptedUs, sentUs } of published) {
    const times = arrivals.get(id);
    const atUs = times?.[0];
    if (atUs === undefined) continue;
    if (times && times.length > 1) doubled += 1;
    lastUs = Math.max(lastUs, atUs);
    toArrival.push({ acceptUs: Math.max(atUs - acceptedUs, 0), requestUs: atUs - sentUs });
  }
  const acceptToArrivalMs: Percentiles = percentiles(toArrival.map(({ acceptUs }) => acceptUs));
  const requestToArrivalMs: Percentiles = percentiles(toArrival.map(({ requestUs }) => requestUs));
  return {
    events: published.length,
    deliveriesPerSecond: toArrival.length / ((lastUs - startUs) / 1e6),
    acceptToArrivalMs,
    requestToArrivalMs,
    lost: published.length - toArrival.length,
    doubled,
  };
}
