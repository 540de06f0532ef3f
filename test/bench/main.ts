/**
 * Measures Posthorn against the machine's own limit, in one run.
 *
 * Usage: npm run bench [-- --seconds 10] [-- --log postgres|kafka]
 *
 * Prints deliveries per second from publish to arrival with one webhook, as a share of the rate
 * at which a bare loop can POST to the same receiver. Kafka is measured where KAFKA_BROKERS is
 * set or Java and Maven can start a broker.
 */
import { parseArgs } from "node:util";
import { kafkaBroker } from "@posthorn/testkit";
import { startChild } from "../harness/child.ts";
import { loopbackAllowed, oneProcess } from "../harness/posthorn.ts";
import { type Measured, measure } from "./measure.ts";
import { rawLimit } from "./raw-limit.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    log: { type: "string", multiple: true, default: ["postgres", "kafka"] },
  },
});
const seconds = Number(values.seconds);

const receiver = startChild({ script: "test/bench/receiver.ts", env: {} });
await receiver.says("port ");
const receiverUrl = `http://127.0.0.1:${/port (\d+)/.exec(receiver.output())?.[1]}/`;
try {
  await rawLimit(receiverUrl, 2); // warm
  const limit = await rawLimit(receiverUrl, seconds);
  console.log(`raw limit: ${limit.toFixed(0)} signed 1 kB POSTs/s by a bare loop\n`);
  if (values.log.includes("postgres")) await benchLog("Postgres log", limit, {});
  if (values.log.includes("kafka")) await benchKafka(limit);
} finally {
  await receiver.end();
}

async function benchKafka(limit: number): Promise<void> {
  const brokers = process.env["KAFKA_BROKERS"];
  if (brokers) return benchLog("Kafka log", limit, { KAFKA_BROKERS: brokers });
  const broker = await kafkaBroker();
  try {
    await benchLog("Kafka log", limit, { KAFKA_BROKERS: broker.brokers.join(",") });
  } finally {
    await broker.close();
  }
}

async function benchLog(name: string, limit: number, env: Record<string, string>): Promise<void> {
  const posthorn = await oneProcess({
    env: { ...loopbackAllowed, ...env, POSTHORN_LOG_LEVEL: "warn" },
  });
  try {
    const workspace = "bench";
    await posthorn.call("POST", `/v1/workspaces/${workspace}/webhooks`, { url: receiverUrl });
    const load = { url: posthorn.url, key: posthorn.operatorKey, workspace, seconds };
    const run = async (options: {
      batchSize: number;
      concurrency: number;
      eventsPerSecond?: number;
      outstandingMax?: number;
    }) => {
      const measured = await measure({ ...load, ...options }, receiverUrl);
      if (!posthorn.process.isRunning()) throw new Error("Posthorn ended by itself");
      return measured;
    };
    await run({ batchSize: 10, concurrency: 4, outstandingMax: 500 }); // warm
    console.log(`${name}, one process, one webhook`);
    const paced = await run({ batchSize: 1, concurrency: 32, eventsPerSecond: 200 });
    report(
      "single publish, 200 events/s",
      paced,
      limit,
      "wanted: request to arrival p50 under 8 ms, p99 under 30 ms",
    );
    const batch = await run({ batchSize: 100, concurrency: 8, outstandingMax: 5_000 });
    report(
      "batch publish, sustained (100 a request, about 5,000 events outstanding)",
      batch,
      limit,
      "wanted: at least 20 %",
    );
    const single = await run({ batchSize: 1, concurrency: 64 });
    report("single REST publish (64 under way)", single, limit, "wanted: at least 8 %");
    const half = await run({
      batchSize: 20,
      concurrency: 16,
      eventsPerSecond: batch.perSecond / 2,
    });
    report(
      "batch publish at half of that load",
      half,
      limit,
      "wanted: p99 accept to arrival under 150 ms",
    );
    const flood = await run({ batchSize: 100, concurrency: 8 });
    report(
      "batch publish, a flood and its end (100 a request, 8 under way)",
      flood,
      limit,
      "no mark",
    );
    console.log();
  } catch (error) {
    console.log(`Posthorn's own last words:\n${posthorn.process.output().slice(-4000)}`);
    throw error;
  } finally {
    await posthorn.stop();
  }
}

function report(name: string, measured: Measured, limit: number, wanted: string): void {
  const share = ((measured.perSecond / limit) * 100).toFixed(1);
  const ms = ({ p50, p99 }: { p50: number; p99: number }) =>
    `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  console.log(`  ${name}`);
  console.log(
    `    ${measured.perSecond.toFixed(0)} deliveries/s = ${share} % of the raw limit (${wanted})`,
  );
  console.log(
    `    accept to arrival: ${ms(measured.acceptToArrival)}; request to arrival: ${ms(measured.requestToArrival)}`,
  );
  console.log(`    ${measured.events} events, ${measured.lost} lost, ${measured.doubled} doubled`);
}
