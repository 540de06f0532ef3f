import { Agent } from "undici";
import { monotonicUs } from "./clock.ts";

/** When one event's publish was sent and when its 202 was read. */
export interface Published {
  readonly id: string;
  readonly sentUs: number;
  readonly acceptedUs: number;
}

/** How to publish. */
export interface Load {
  readonly url: string;
  readonly key: string;
  readonly workspace: string;
  readonly seconds: number;
  /** Events of one request: 1 = single publishes. */
  readonly batchSize: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Events per second; undefined = as fast as answers come. */
  readonly eventsPerSecond?: number;
  /** Events that may be published and not have arrived, about; undefined = any number. */
  readonly outstandingMax?: number;
  /** How many have arrived. */
  readonly arrivedCount?: () => number;
}

const data = { orderId: "ord_456", note: "x".repeat(900) };

/** Publishes over REST for the time; every answer must be 202. */
export async function publishLoad(load: Load): Promise<Published[]> {
  const agent = new Agent({ connections: load.concurrency, pipelining: 1 });
  const published: Published[] = [];
  const startUs = monotonicUs();
  const endUs = startUs + load.seconds * 1e6;
  let requestCount = 0;
  const loop = async () => {
    for (;;) {
      const dueUs = due(load, startUs, requestCount++);
      if (dueUs >= endUs || monotonicUs() >= endUs) return;
      await until(dueUs);
      while (isFarAhead(load, published.length) && monotonicUs() < endUs) await tick();
      published.push(...(await publishOnce(agent, load)));
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, loop));
  await agent.close();
  return published;
}

function due(load: Load, startUs: number, index: number): number {
  if (load.eventsPerSecond === undefined) return startUs;
  return startUs + (index * load.batchSize * 1e6) / load.eventsPerSecond;
}

function isFarAhead({ outstandingMax, arrivedCount }: Load, publishedCount: number): boolean {
  if (outstandingMax === undefined || !arrivedCount) return false;
  return publishedCount - arrivedCount() > outstandingMax;
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

async function until(atUs: number): Promise<void> {
  const waitMs = (atUs - monotonicUs()) / 1000;
  if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

async function publishOnce(agent: Agent, load: Load): Promise<Published[]> {
  const event = { type: "order.created", data };
  const isBatch = load.batchSize > 1;
  const path = `/v1/workspaces/${load.workspace}/events${isBatch ? ":batch" : ""}`;
  const body = isBatch ? { events: Array.from({ length: load.batchSize }, () => event) } : event;
  const sentUs = monotonicUs();
  const answer = await agent.request({
    origin: load.url,
    path,
    method: "POST",
    headers: { authorization: `Bearer ${load.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`publish answered ${answer.statusCode}: ${text}`);
  const acceptedUs = monotonicUs();
  const accepted = JSON.parse(text) as { id: string } & { events: { id: string }[] };
  const events = isBatch ? accepted.events : [accepted];
  return events.map(({ id }) => ({ id, sentUs, acceptedUs }));
}
