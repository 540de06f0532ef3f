import { atLeast, atMost, type Figures } from "./figures.ts";
import { measure } from "./measure.ts";
import type { Stage } from "./stage.ts";

/** One webhook, from publish to arrival: paced, in batches, one by one, at half load, in a flood. */
export async function throughput(
  on: Stage,
  { setup, seconds, limit }: { setup: string; seconds: number; limit: number },
  report: (figures: Figures) => void,
): Promise<void> {
  const workspace = "throughput";
  const path = "/throughput";
  await on.addWebhook(workspace, path);
  const load = { workspace, path, seconds };
  await measure(on, { ...load, seconds: 3, batchSize: 10, concurrency: 4, outstandingMax: 500 });

  const paced = await measure(on, { ...load, batchSize: 1, concurrency: 32, eventsPerSecond: 200 });
  const { p50, p99 } = paced.requestToArrivalMs;
  report({
    scenario: "single publish, 200 events/s",
    setup,
    ...paced,
    marks: [
      atMost(p50, 4, "request to arrival p50 at most 4 ms"),
      atMost(p99, 15, "request to arrival p99 at most 15 ms"),
    ],
  });

  const batch = await measure(on, {
    ...load,
    batchSize: 100,
    concurrency: 8,
    outstandingMax: 5_000,
  });
  const batchShare = batch.deliveriesPerSecond / limit;
  report({
    scenario: "batch publish, sustained (100 a request, about 5,000 events outstanding)",
    setup,
    ...batch,
    share: batchShare,
    marks: [
      atLeast(batchShare, 0.35, "at least 35 % of the raw limit"),
      atLeast(batch.deliveriesPerCpuSecond, 2_500, "at least 2,500 deliveries per CPU second"),
    ],
  });

  const single = await measure(on, { ...load, batchSize: 1, concurrency: 64 });
  const singleShare = single.deliveriesPerSecond / limit;
  report({
    scenario: "single REST publish (64 under way)",
    setup,
    ...single,
    share: singleShare,
    marks: [atLeast(singleShare, 0.16, "at least 16 % of the raw limit")],
  });

  const eventsPerSecond = batch.deliveriesPerSecond / 2;
  const half = await measure(on, { ...load, batchSize: 20, concurrency: 16, eventsPerSecond });
  report({
    scenario: "batch publish at half of that load (20 a request)",
    setup,
    ...half,
    share: half.deliveriesPerSecond / limit,
    marks: [atMost(half.acceptToArrivalMs.p99, 150, "accept to arrival p99 at most 150 ms")],
  });

  const flood = await measure(on, { ...load, batchSize: 100, concurrency: 8 });
  report({
    scenario: "batch publish, a flood and its end (100 a request, 8 under way)",
    setup,
    ...flood,
    share: flood.deliveriesPerSecond / limit,
    marks: [],
  });
}
