import assert from "node:assert";
import { randomUUID } from "node:crypto";
import { partitionOf } from "@posthorn/bus";
import { atMost, type Figures } from "./figures.ts";
import { measure } from "./measure.ts";
import { publishLoad } from "./publish.ts";
import type { Stage } from "./stage.ts";

/**
 * What a well webhook notices of others: one of its own workspace that hangs, 15 s a request at
 * 50 events/s, and another workspace that floods 100,000 events, of another partition and of its own.
 */
export async function isolation(on: Stage, setup: string): Promise<readonly Figures[]> {
  const path = "/well";
  const workspace = "isolation";
  await on.addWebhook(workspace, path, { eventTypes: ["order.*"] });
  const paced = { workspace, path, batchSize: 1, concurrency: 32, eventsPerSecond: 100 };
  await measure(on, { ...paced, seconds: 5 });
  const alone = await measure(on, { ...paced, seconds: 20 });
  const { url, operatorKey: key } = on.posthorn;
  const row = (scenario: string, measured: typeof alone): Figures => {
    const times = measured.acceptToArrivalMs.p99 / alone.acceptToArrivalMs.p99;
    return {
      scenario,
      setup,
      ...measured,
      others: { "p99 against alone": times },
      marks: [
        atMost(times, 2, "p99 at most twice that alone"),
        atMost(measured.lost, 0, "none lost"),
      ],
    };
  };

  await on.addWebhook(workspace, "/hang", { eventTypes: ["invoice.*"] });
  const hanging = publishLoad({
    url,
    key,
    workspace,
    type: "invoice.paid",
    seconds: 45,
    batchSize: 1,
    concurrency: 8,
    eventsPerSecond: 50,
  });
  // Until the first time-outs of 15 s are over and all that can pile up has piled up.
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const besideHanging = await measure(on, { ...paced, seconds: 20 });
  await hanging;

  const partition = await partitionIn(on, workspace);
  const besideFlood = async (isSame: boolean) => {
    const flood = await floodingWorkspace(on, (other) => (other === partition) === isSame);
    const load = { url, key, workspace: flood, seconds: 60, batchSize: 100, concurrency: 8 };
    const flooding = publishLoad({ ...load, eventsMax: 100_000 });
    const measured = await measure(on, { ...paced, seconds: 20 });
    await flooding;
    return measured;
  };
  const besideStranger = await besideFlood(false);
  const besideNeighbour = await besideFlood(true);
  return [
    { scenario: "100 events/s to a well webhook, alone", setup, ...alone, marks: [] },
    row("... beside one of its workspace that hangs, 50 events/s", besideHanging),
    row("... beside a workspace that floods 100,000 events", besideStranger),
    row("... beside one of its partition that floods 100,000 events", besideNeighbour),
  ];
}

/** Of the log, unless a setting says otherwise. */
const partitionCount = 32;

async function partitionIn({ posthorn }: Stage, workspace: string): Promise<number> {
  const { body } = await posthorn.call("GET", `/v1/workspaces/${workspace}`);
  return partitionOf(body.id, partitionCount);
}

/** Makes workspaces with a webhook until one lies in a partition that will do; gives its name. */
async function floodingWorkspace(
  on: Stage,
  willDo: (partition: number) => boolean,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    const workspace = `flood-${randomUUID()}`;
    await on.addWebhook(workspace, "/count/flood");
    if (willDo(await partitionIn(on, workspace))) return workspace;
    assert(number < 1_000, "no workspace lies in that partition");
  }
}
