import { atMost, type Figures } from "./figures.ts";
import { measure } from "./measure.ts";
import { publishLoad } from "./publish.ts";
import type { Stage } from "./stage.ts";

/**
 * What a well webhook notices of others: one of its own workspace that hangs, 15 s a request at
 * 50 events/s, and another workspace that floods 100,000 events.
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

  await on.addWebhook("flood", "/count/flood");
  const flooding = publishLoad({
    url,
    key,
    workspace: "flood",
    seconds: 60,
    eventsMax: 100_000,
    batchSize: 100,
    concurrency: 8,
  });
  const besideFlood = await measure(on, { ...paced, seconds: 20 });
  await flooding;
  return [
    { scenario: "100 events/s to a well webhook, alone", setup, ...alone, marks: [] },
    row("... beside one of its workspace that hangs, 50 events/s", besideHanging),
    row("... beside a workspace that floods 100,000 events", besideFlood),
  ];
}
