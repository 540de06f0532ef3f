import { monotonicUs } from "./clock.ts";
import { openConnection, request } from "./connection.ts";

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
  /** Ends after this time, */
  readonly seconds: number;
  /** or after this many events. */
  readonly eventsMax?: number;
  /** Default `order.created`. */
  readonly type?: string;
  /** Events of one request: 1 = single publishes. */
  readonly batchSize: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Events per second; undefined = as fast as answers come. */
  readonly eventsPerSecond?: number;
  /** Events that may be published and not have arrived, about; undefined = any number. */
  readonly outstandingMax?: number;
  /** How many events have arrived. */
  readonly arrivedCount?: () => number;
}

const data = { note: "x".repeat(900) };
const idForm = /"id":"(evt_[0-9a-z]{26})"/g;

/** Publishes over REST; every answer must be 202. The requests are made once: this is not measured. */
export async function publishLoad(load: Load): Promise<Published[]> {
  const bytes = requestOf(load);
  const published: Published[] = [];
  const startUs = monotonicUs();
  const endUs = startUs + load.seconds * 1e6;
  let requestCount = 0;
  const loop = async () => {
    const connection = await openConnection(load.url);
    for (;;) {
      const index = requestCount++;
      const dueUs = due(load, startUs, index);
      if (dueUs >= endUs || monotonicUs() >= endUs) break;
      if (index * load.batchSize >= (load.eventsMax ?? Number.POSITIVE_INFINITY)) break;
      await until(dueUs);
      while (isFarAhead(load, published.length) && monotonicUs() < endUs) await tick();
      const sentUs = monotonicUs();
      const { status, body } = await connection.ask(bytes);
      const acceptedUs = monotonicUs();
      const text = body.toString("latin1");
      if (status !== 202) throw new Error(`publish answered ${status}: ${text}`);
      for (const [, id = ""] of text.matchAll(idForm)) published.push({ id, sentUs, acceptedUs });
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: load.concurrency }, loop));
  return published;
}

function requestOf({ url, key, workspace, batchSize, type = "order.created" }: Load): Buffer {
  const isBatch = batchSize > 1;
  const event = { type, data };
  const body = isBatch ? { events: Array.from({ length: batchSize }, () => event) } : event;
  const path = `/v1/workspaces/${workspace}/events${isBatch ? ":batch" : ""}`;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return request("POST", new URL(path, url), { headers, body: JSON.stringify(body) });
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
