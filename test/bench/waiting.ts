import { setTimeout as sleep } from "node:timers/promises";
import { arrivedCount } from "./arrivals.ts";
import { monotonicUs } from "./clock.ts";
import { atMost, costs, type Figures } from "./figures.ts";
import { measure } from "./measure.ts";
import { publishLoad } from "./publish.ts";
import type { Stage } from "./stage.ts";

const mib = 1024 * 1024;

const drainSeconds = 20;

/**
 * Deliveries that wait, of a webhook that was paused with `whenPaused: HOLD`, while another one of
 * the same workspace goes on; and how fast they go when it is resumed.
 */
export async function waiting(
  on: Stage,
  { setup, counts, limit }: { setup: string; counts: readonly number[]; limit: number },
): Promise<readonly Figures[]> {
  const workspace = "waiting";
  const path = "/fresh";
  const held = await on.addWebhook(workspace, "/held/1", {
    eventTypes: ["invoice.paid"],
    whenPaused: "HOLD",
  });
  const setState = (state: string) =>
    on.posthorn.call("PATCH", `/v1/workspaces/${workspace}/webhooks/${held}`, { state });
  await setState("PAUSED");
  await on.addWebhook(workspace, path, { eventTypes: ["order.*"] });
  const paced = {
    workspace,
    path,
    seconds: 10,
    batchSize: 1,
    concurrency: 32,
    eventsPerSecond: 200,
  };
  // Grown to the size that publishing itself needs, before the first measurement.
  await measure(on, { ...paced, batchSize: 100, concurrency: 8, eventsPerSecond: 4_000 });
  const { url, operatorKey: key } = on.posthorn;
  let made = 0;
  const rows: Figures[] = [];
  let restBytes = 0;
  let aloneP99 = 0;
  for (const count of counts) {
    const load = { url, key, workspace, seconds: 3_600, batchSize: 100, concurrency: 8 };
    await publishLoad({ ...load, type: "invoice.paid", eventsMax: count - made });
    made = count;
    const nextDueMs = await timeNextDue(on);
    const fresh = await measure(on, paced);
    const residentBytes = await settledBytes(on);
    if (count === counts[0]) {
      restBytes = residentBytes;
      aloneP99 = fresh.acceptToArrivalMs.p99;
    }
    const growthMib = (residentBytes - restBytes) / mib;
    rows.push({
      scenario: `${count.toLocaleString("en")} deliveries waiting, 200 fresh ones a second`,
      setup,
      acceptToArrivalMs: fresh.acceptToArrivalMs,
      requestToArrivalMs: fresh.requestToArrivalMs,
      others: {
        "memory of the process, MiB": residentBytes / mib,
        "grown by, MiB": growthMib,
        "finding the next due delivery, ms": nextDueMs,
        "fresh p99 against none waiting": fresh.acceptToArrivalMs.p99 / aloneP99,
      },
      marks: count === counts[0] ? [] : [atMost(growthMib, 50, "memory grown by at most 50 MiB")],
    });
  }
  await setState("ACTIVE");
  rows.push(await drain(on, { setup, limit, waitingCount: made }));
  return rows;
}

async function drain(
  on: Stage,
  options: { setup: string; limit: number; waitingCount: number },
): Promise<Figures> {
  await eventuallyArrived(on, 1);
  const before = await on.usage();
  const firstCount = await arrivedCount(on.origin, "/held");
  const startUs = monotonicUs();
  await eventuallyArrived(on, options.waitingCount, drainSeconds);
  const count = (await arrivedCount(on.origin, "/held")) - firstCount;
  const deliveriesPerSecond = count / ((monotonicUs() - startUs) / 1e6);
  return {
    scenario: `draining ${options.waitingCount.toLocaleString("en")} held deliveries of one webhook`,
    setup: options.setup,
    deliveriesPerSecond,
    share: deliveriesPerSecond / options.limit,
    ...costs(before, await on.usage(), count),
    marks: [],
  };
}

/** Waits until so many came, or for the time. */
async function eventuallyArrived(on: Stage, count: number, seconds = 60): Promise<void> {
  const endUs = monotonicUs() + seconds * 1e6;
  while ((await arrivedCount(on.origin, "/held")) < count && monotonicUs() < endUs) {
    await sleep(20);
  }
}

/** The query by which a webhook's next deliveries are found, on all that wait; the median of 50. */
async function timeNextDue({ db }: Stage): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 50; run += 1) {
    const startMs = performance.now();
    await db.query(`select delivery_id from delivery.schedule
      where (partition, webhook_id) = (select partition, webhook_id from delivery.schedule limit 1)
      order by class, due_at limit 1`);
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b)[25] ?? Number.NaN;
}

/** The least that the process held while nothing happened for some seconds. */
async function settledBytes(on: Stage): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let second = 0; second < 10; second += 1) {
    await sleep(1_000);
    least = Math.min(least, on.residentBytes());
  }
  return least;
}
