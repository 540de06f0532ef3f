import { separateProcesses } from "../harness/separate-processes.ts";
import { arrivedCount } from "./arrivals.ts";
import { monotonicUs } from "./clock.ts";
import type { Figures } from "./figures.ts";
import { publishLoad } from "./publish.ts";
import { emptyPostgres } from "./stage.ts";

const workspaceCount = 8;
const drainSeconds = 120;

/**
 * Every service a process of its own, on Kafka, with one delivery process and then with two: eight
 * workspaces, a webhook each. On two cores this shows what the second one costs, not what it brings.
 */
export async function processes(
  origin: string,
  { seconds, limit }: { seconds: number; limit: number },
): Promise<readonly Figures[]> {
  const postgres = await emptyPostgres();
  const posthorn = await separateProcesses({ databaseUrl: postgres.url });
  try {
    const workspaces = Array.from({ length: workspaceCount }, (_, index) => `processes-${index}`);
    for (const workspace of workspaces) {
      const webhook = { url: `${origin}/count/${workspace}` };
      await posthorn.call("POST", `/v1/workspaces/${workspace}/webhooks`, webhook);
    }
    const run = async (deliveryCount: number): Promise<Figures> => {
      const deliveriesPerSecond = await rate(posthorn, { origin, workspaces, seconds });
      return {
        scenario: `separate services, delivery processes: ${deliveryCount}; batch publish to ${workspaceCount} workspaces`,
        setup: "Kafka log",
        deliveriesPerSecond,
        share: deliveriesPerSecond / limit,
        marks: [],
      };
    };
    await rate(posthorn, { origin, workspaces, seconds: 3 }); // warm
    const one = await run(1);
    await posthorn.addDelivery();
    await rate(posthorn, { origin, workspaces, seconds: 3 }); // until partitions have moved
    return [one, await run(2)];
  } finally {
    await posthorn.stop();
    await postgres.remove();
  }
}

async function rate(
  { url, operatorKey: key }: { url: string; operatorKey: string },
  { origin, workspaces, seconds }: { origin: string; workspaces: string[]; seconds: number },
): Promise<number> {
  const first = await arrivedCount(origin, "/count");
  const startUs = monotonicUs();
  let delivered = 0;
  let published = Number.POSITIVE_INFINITY;
  const loads = workspaces.map((workspace) =>
    publishLoad({
      ...{ url, key, workspace, seconds, batchSize: 100, concurrency: 1 },
      outstandingMax: 5_000 / workspaces.length,
      arrivedCount: () => delivered / workspaces.length,
    }),
  );
  const publishing = Promise.all(loads).then((all) => {
    published = all.reduce((sum, { length }) => sum + length, 0);
  });
  let lastUs = startUs;
  while (delivered < published && monotonicUs() < startUs + (seconds + drainSeconds) * 1e6) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const count = (await arrivedCount(origin, "/count")) - first;
    if (count > delivered) lastUs = monotonicUs();
    delivered = count;
  }
  await publishing;
  return delivered / ((lastUs - startUs) / 1e6);
}
