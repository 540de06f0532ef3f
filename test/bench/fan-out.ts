import { arrivedCount } from "./arrivals.ts";
import { monotonicUs } from "./clock.ts";
import { atLeast, costs, type Figures } from "./figures.ts";
import { publishLoad } from "./publish.ts";
import type { Stage } from "./stage.ts";

const drainSeconds = 120;

/** One event to many webhooks of its workspace. */
export async function fanOut(
  on: Stage,
  options: { setup: string; seconds: number; limit: number; webhookCount: number },
): Promise<Figures> {
  const { setup, seconds, limit, webhookCount } = options;
  const workspace = `fan-out-${webhookCount}`;
  await on.posthorn.call("PATCH", "/v1/provider", { webhooksPerWorkspaceMax: webhookCount });
  for (let index = 0; index < webhookCount; index += 1) {
    await on.addWebhook(workspace, `/count/${index}`);
  }
  const { url, operatorKey: key } = on.posthorn;
  let delivered = 0;
  const first = await arrivedCount(on.origin, "/count");
  const load = {
    url,
    key,
    workspace,
    seconds,
    batchSize: webhookCount >= 100 ? 4 : 50,
    concurrency: 4,
    outstandingMax: Math.max(8, 5_000 / webhookCount),
    arrivedCount: () => Math.floor(delivered / webhookCount),
  };
  const before = await on.usage();
  const startUs = monotonicUs();
  let wanted = Number.POSITIVE_INFINITY;
  const publishing = publishLoad(load).then((published) => {
    wanted = published.length * webhookCount;
  });
  let endUs = startUs;
  while (delivered < wanted && endUs < startUs + (seconds + drainSeconds) * 1e6) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const count = (await arrivedCount(on.origin, "/count")) - first;
    if (count > delivered) endUs = monotonicUs();
    delivered = count;
  }
  await publishing;
  const deliveriesPerSecond = delivered / ((endUs - startUs) / 1e6);
  const used = costs(before, await on.usage(), delivered);
  const share = deliveriesPerSecond / limit;
  return {
    scenario: `fan-out, one event to ${webhookCount.toLocaleString("en")} webhooks`,
    setup,
    deliveriesPerSecond,
    share,
    ...used,
    events: wanted / webhookCount,
    lost: Math.max(wanted - delivered, 0),
    doubled: Math.max(delivered - wanted, 0),
    marks: [
      atLeast(share, 0.5, "at least 50 % of the raw limit"),
      atLeast(used.deliveriesPerCpuSecond, 5_000, "at least 5,000 deliveries per CPU second"),
    ],
  };
}
