import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import { deathWatch } from "../death-watch.ts";
import { eventually } from "../eventually.ts";
import { freePort } from "../free-port.ts";
import { installKafka } from "./install.ts";

const run = promisify(execFile);
const startTimeoutMs = 60_000;
const outputLengthMax = 2_000;

/** A Kafka broker of its own, with its files in a temporary folder. */
export interface KafkaBroker {
  /** `127.0.0.1:<port>`; stays the same over restarts. */
  readonly brokers: readonly string[];
  /** Ends it in order (SIGTERM) and waits for that. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same files and waits until it serves. */
  start(): Promise<void>;
  /** Ends it for good and removes its files. */
  close(): Promise<void>;
}

/** Starts a real broker (Kafka 4.3.1 by Java and Maven); takes about 3 s and 400 MB. */
export async function kafkaBroker(): Promise<KafkaBroker> {
  const classPath = await installKafka();
  const dir = await mkdtemp(join(tmpdir(), "posthorn-kafka-"));
  const pidPath = join(dir, "pid");
  const endWatch = await deathWatch({ pidPath, signal: "KILL", dir });
  const ports = { port: await freePort(), controllerPort: await freePort() };
  const brokers = [`127.0.0.1:${ports.port}`];
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawnBroker(classPath, dir);
    await writeFile(pidPath, `${child.pid}\n`);
    await untilServing(child, brokers);
  };
  const end = async (signal: NodeJS.Signals) => {
    await rm(pidPath, { force: true });
    if (child !== undefined) await endBroker(child, signal);
    child = undefined;
  };
  const close = async () => {
    await endWatch();
    await end("SIGKILL");
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await format(classPath, dir, ports);
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { brokers, start, stop: () => end("SIGTERM"), kill: () => end("SIGKILL"), close };
}

interface Ports {
  readonly port: number;
  readonly controllerPort: number;
}

async function format(classPath: string, dir: string, ports: Ports): Promise<void> {
  const clusterId = randomBytes(16).toString("base64url");
  await writeFile(join(dir, "server.properties"), propertiesOf(dir, ports));
  // In one word, as an id may begin with a hyphen.
  const id = `--cluster-id=${clusterId}`;
  const args = ["kafka.tools.StorageTool", "format", "--standalone", id];
  await run("java", [...javaArgs(classPath), ...args, "-c", join(dir, "server.properties")]);
}

function javaArgs(classPath: string): string[] {
  // TieredStopAtLevel=1: a short-lived broker gains nothing from the optimising compiler.
  return ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classPath];
}

function propertiesOf(dir: string, { port, controllerPort }: Ports): string {
  const properties = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.bootstrap.servers": `127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "log.dirs": join(dir, "log"),
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "min.insync.replicas": 1,
    // A killed broker's registration lapses this soon; until then it cannot start again.
    "broker.session.timeout.ms": 1_000,
    "broker.heartbeat.interval.ms": 200,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function spawnBroker(classPath: string, dir: string): ChildProcess {
  const args = ["kafka.Kafka", join(dir, "server.properties")];
  return spawn("java", [...javaArgs(classPath), ...args], {
    cwd: dir,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // Ctrl-C in the terminal ends the tests first, then they end the broker.
  });
}

async function endBroker(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** Waits until it serves; throws, with what it said, when it ends instead. */
async function untilServing(child: ChildProcess, brokers: readonly string[]): Promise<void> {
  let output = "";
  child.stderr?.on("data", (chunk) => {
    output = (output + String(chunk)).slice(-outputLengthMax);
  });
  const died = once(child, "exit").then(() => {
    throw new Error(`the Kafka broker ended while it started: ${output}`);
  });
  died.catch(() => {}); // Later ends are wanted.
  const serving = eventually(() => checkServing(brokers), { timeoutMs: startTimeoutMs });
  serving.catch(() => {}); // Told by the race, or of no interest any more.
  await Promise.race([died, serving]);
}

/** It serves once it can name its controller. */
async function checkServing(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    connectionTimeout: 1_000,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { controller } = await admin.describeCluster();
    if (controller === null) throw new Error("the Kafka broker has no controller yet");
  } finally {
    await admin.disconnect();
  }
}
