/**
 * Measures Posthorn against the machine's own limit, in one run.
 *
 * Usage: npm run bench [-- --seconds 10] [--log postgres|kafka] [--only throughput|fan-out|kafka-ingest|processes|isolation|waiting]
 *                      [--waiting 1000000] [--out FOLDER]
 *
 * Prints each figure as it is measured and writes bench.json and bench.md into FOLDER (default
 * `bench-result`). Options may be repeated. Kafka is measured where KAFKA_BROKERS is set or Java
 * and Maven can start a broker. All of it takes about 15 minutes on two cores.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kafkaBroker } from "@posthorn/testkit";
import { startChild } from "../harness/child.ts";
import { fanOut } from "./fan-out.ts";
import type { Figures } from "./figures.ts";
import { isolation } from "./isolation.ts";
import { kafkaIngest } from "./kafka-ingest.ts";
import { processes } from "./processes.ts";
import { rawLimit } from "./raw-limit.ts";
import { toMarkdown } from "./report.ts";
import { type Stage, stage } from "./stage.ts";
import { throughput } from "./throughput.ts";
import { waiting } from "./waiting.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    log: { type: "string", multiple: true, default: ["postgres", "kafka"] },
    only: {
      type: "string",
      multiple: true,
      default: ["throughput", "fan-out", "kafka-ingest", "processes", "isolation", "waiting"],
    },
    waiting: { type: "string", default: "1000000" },
    out: { type: "string", default: "bench-result" },
  },
});
const seconds = Number(values.seconds);
const figures: Figures[] = [];

const receiver = startChild({ script: "test/bench/receiver.ts", env: {} });
await receiver.says("port ");
const origin = `http://127.0.0.1:${/port (\d+)/.exec(receiver.output())?.[1]}`;
try {
  await rawLimit(origin, 2); // warm
  const limit = await rawLimit(origin, seconds);
  console.log(`raw limit: ${limit.toFixed(0)} signed 1 kB POSTs/s by a bare loop\n`);
  if (values.log.includes("postgres")) await onPostgres(limit);
  if (values.log.includes("kafka")) await onKafka(limit);
  write(limit);
} finally {
  await receiver.end();
}

async function onPostgres(limit: number): Promise<void> {
  const setup = "Postgres log";
  await on({}, async (posthorn) => {
    if (isWanted("throughput")) await throughput(posthorn, { setup, seconds, limit }, report);
  });
  if (isWanted("fan-out")) {
    for (const webhookCount of [5, 10, 1_000]) {
      const options = { setup, seconds, limit, webhookCount };
      await on({}, async (posthorn) => report(await fanOut(posthorn, options)));
    }
  }
  if (isWanted("isolation")) {
    await on({}, async (posthorn) => (await isolation(posthorn, setup)).forEach(report));
  }
  if (isWanted("waiting")) {
    const counts = [0, Number(values.waiting) / 10, Number(values.waiting)];
    await on({}, async (posthorn) => {
      (await waiting(posthorn, { setup, counts, limit })).forEach(report);
    });
  }
}

async function onKafka(limit: number): Promise<void> {
  const given = process.env["KAFKA_BROKERS"];
  const broker = given ? undefined : await kafkaBroker();
  const brokers = given ?? broker?.brokers.join(",") ?? "";
  const setup = "Kafka log";
  try {
    await on({ KAFKA_BROKERS: brokers }, async (posthorn) => {
      if (isWanted("throughput")) await throughput(posthorn, { setup, seconds, limit }, report);
      if (isWanted("kafka-ingest")) {
        report(await kafkaIngest(posthorn, { setup, seconds, limit, brokers: brokers.split(",") }));
      }
    });
  } finally {
    await broker?.close();
  }
  if (isWanted("processes")) {
    (await processes(origin, { seconds, limit })).forEach(report);
  }
}

/** Runs scenarios on a Posthorn of their own; shows its last words when one fails. */
async function on(env: Record<string, string>, run: (on: Stage) => Promise<void>): Promise<void> {
  const posthorn = await stage(origin, env);
  try {
    await run(posthorn);
  } catch (error) {
    const words = posthorn.posthorn.processes.map((process) => process.output().slice(-4000));
    console.log(`Posthorn's own last words:\n${words.join("\n")}`);
    throw error;
  } finally {
    await posthorn.close();
  }
}

function isWanted(name: string): boolean {
  return values.only.includes(name);
}

function report(row: Figures): void {
  figures.push(row);
  console.log(`${row.setup}: ${row.scenario}`);
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === "number") console.log(`  ${name}: ${shown(value)}`);
    else if (typeof value === "object" && !Array.isArray(value)) {
      const parts = Object.entries(value).map(([part, of]) => `${part} ${shown(Number(of))}`);
      console.log(`  ${name}: ${parts.join(", ")}`);
    }
  }
  for (const { wanted, isMet } of row.marks) {
    console.log(`  wanted ${wanted}: ${isMet ? "met" : "NOT met"}`);
  }
}

function shown(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 3 : 1 });
}

function write(rawLimitPerSecond: number): void {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"})`;
  const date = new Date().toISOString().slice(0, 10);
  const result = { date, machine, rawLimitPerSecond, figures };
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "bench.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(join(values.out, "bench.md"), toMarkdown(result));
  console.log(`\nwritten: ${values.out}/bench.json and bench.md`);
}
