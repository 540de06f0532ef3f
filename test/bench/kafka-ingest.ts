import { randomUUID } from "node:crypto";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { type Arrivals, collectArrivals } from "./arrivals.ts";
import { monotonicUs } from "./clock.ts";
import { costs, type Figures } from "./figures.ts";
import type { Stage } from "./stage.ts";

const drainSeconds = 120;
const outstandingMax = 5_000;

/** Events from a producer on `posthorn.ingest.v1`, 100 a request, to arrival. */
export async function kafkaIngest(
  on: Stage,
  options: { setup: string; seconds: number; limit: number; brokers: string[] },
): Promise<Figures> {
  const { setup, seconds, limit, brokers } = options;
  const workspace = "ingest";
  const path = "/ingest";
  await on.addWebhook(workspace, path);
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const arrived = new Map<string, Arrivals>([[path, new Map()]]);
  const count = () => arrived.get(path)?.size ?? 0;
  await collectArrivals(on.origin, new Map());
  const value = JSON.stringify({
    type: "order.created",
    data: { orderId: "ord_456", note: "x".repeat(900) },
  });
  const before = await on.usage();
  const startUs = monotonicUs();
  let sent = 0;
  while (monotonicUs() < startUs + seconds * 1e6) {
    await collectArrivals(on.origin, arrived);
    if (sent - count() > outstandingMax) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      continue;
    }
    const messages = Array.from({ length: 500 }, () => ({
      key: workspace,
      value,
      headers: { "posthorn-workspace": workspace, "idempotency-key": randomUUID() },
    }));
    await producer.send({ topic: "posthorn.ingest.v1", messages });
    sent += messages.length;
  }
  const drainUntilUs = monotonicUs() + drainSeconds * 1e6;
  while (count() < sent && monotonicUs() < drainUntilUs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await collectArrivals(on.origin, arrived);
  }
  const times = [...(arrived.get(path)?.values() ?? [])];
  const lastUs = times.reduce((last, [atUs = 0]) => Math.max(last, atUs), startUs);
  await producer.disconnect();
  const deliveriesPerSecond = count() / ((lastUs - startUs) / 1e6);
  return {
    scenario: "Kafka ingest topic, sustained (about 5,000 events outstanding)",
    setup,
    deliveriesPerSecond,
    share: deliveriesPerSecond / limit,
    ...costs(before, await on.usage(), count()),
    events: sent,
    lost: sent - count(),
    doubled: times.filter(({ length }) => length > 1).length,
    marks: [],
  };
}
