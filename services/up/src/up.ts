import { readFile } from "node:fs/promises";
import { type Logger, type Part, runParts, type Tracing } from "@posthorn/runtime";
import { bannerLines } from "./banner.ts";
import { type Closing, closing } from "./closing.ts";
import type { UpConfig } from "./config.ts";
import { type DataDir, openDataDir } from "./data-dir.ts";
import { embeddedDatabase, givenDatabase, type OpenDatabase } from "./database.ts";
import { demo } from "./demo/demo.ts";
import { receiver } from "./demo/receiver.ts";
import { findMasterKey, makeFirstKeys, newServiceKey } from "./keys.ts";
import { type Places, places } from "./places.ts";
import { checkBrokers, checkPort } from "./reachable.ts";
import { type Composed, compose } from "./service.ts";
import type { Terminal } from "./terminal.ts";

/** What the process gives. */
export interface UpDeps {
  readonly log: Logger;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  readonly terminal: Terminal;
  /** Stops everything when it aborts. */
  readonly stop: AbortSignal;
  /** Path of the demo provider's file. */
  readonly demoFile: string;
  /** Calls back, synchronously, when the process ends, even if nothing was let go of before. */
  onExit(callback: () => void): void;
}

/** What is there before the services are. */
interface Ground {
  readonly dataDir: DataDir;
  readonly database: OpenDatabase;
  readonly places: Places;
  /** The demo provider, as YAML. */
  readonly demoFile: Uint8Array;
}

const stopTimeoutMs = 15_000;
const workspace = "acme";

/**
 * Runs all of Posthorn until `stop` aborts. Throws a Refusal, ConfigError or AppError for what the
 * person who started it can mend.
 */
export async function up(config: UpConfig, deps: UpDeps): Promise<void> {
  const open = closing();
  try {
    const ground = await openGround(config, deps, open);
    const composed = await composeOn(ground, config, { ...deps, open });
    const parts = [...ground.database.parts, ...composed.parts];
    const all = config.hasDemo ? withDemo(parts, ground, config, deps) : parts;
    const log = deps.log.isLevelEnabled("debug") ? { log: deps.log } : {};
    await runParts(all, { stop: deps.stop, stopTimeoutMs, ...log });
  } finally {
    await open.now();
  }
}

/**
 * Brings the tables up to date and lets go of everything; keys and the demo are left to the first
 * start. Throws as `up` does.
 */
export async function migrate(config: UpConfig, deps: UpDeps): Promise<void> {
  const open = closing();
  try {
    const dataDir = await openDataDir(config.dataDir);
    const database = await openDatabase(config, deps);
    open.later(database.stop);
    if (config.kafka !== undefined) await checkBrokers(config.kafka.brokers);
    const master = await findMasterKey(config.masterKey, dataDir);
    const known = {
      databaseUrl: database.url,
      masterKey: master.text,
      serviceKey: newServiceKey(),
    };
    const { log, tracing } = deps;
    const idle = { onListen() {}, onReady() {} };
    const composed = await compose(config, known, { log, tracing, open, ...idle });
    deps.terminal.status("Bringing the tables up to date ...");
    await composed.migrate();
    deps.terminal.say("  The tables are up to date.");
  } finally {
    await open.now();
  }
}

async function openGround(config: UpConfig, deps: UpDeps, open: Closing): Promise<Ground> {
  const dataDir = await openDataDir(config.dataDir);
  const database = await openDatabase(config, deps);
  open.later(database.stop);
  const { host, port, grpcPort } = config.gateway;
  await checkPort("POSTHORN_PORT", { host, port });
  await checkPort("POSTHORN_GRPC_PORT", { host, port: grpcPort });
  if (config.kafka !== undefined) await checkBrokers(config.kafka.brokers);
  return { dataDir, database, places: places(), demoFile: await readFile(deps.demoFile) };
}

async function openDatabase(config: UpConfig, deps: UpDeps): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) return await givenDatabase(config.databaseUrl);
  deps.terminal.status("Starting Postgres ...");
  const database = await embeddedDatabase(config.dataDir, deps.log);
  // A second Ctrl-C, or a crash: Postgres is a process of its own and would stay.
  deps.onExit(() => void database.stop());
  return database;
}

async function composeOn(
  { dataDir, database, places, demoFile }: Ground,
  config: UpConfig,
  { log, tracing, terminal, open }: UpDeps & { open: Closing },
): Promise<Composed> {
  const master = await findMasterKey(config.masterKey, dataDir);
  const serviceKey = newServiceKey();
  const known = { databaseUrl: database.url, masterKey: master.text, serviceKey };
  const { allowCidrs, allowHttp } = config.services(known).delivery.egress;
  const onReady = () => {
    const { workingDir, kafka } = config;
    const where = { ...places.now(), dataDir, workingDir, databaseDir: database.dir };
    const facts = { hasKafka: kafka !== undefined, allowCidrs, allowHttp };
    const readyInMs = performance.now();
    terminal.say(...bannerLines({ ...where, ...facts, readyInMs }, terminal));
    log.info({ ...places.now(), dataDir: dataDir.path }, "posthorn is ready");
  };
  const onListen = places.note;
  const composed = await compose(config, known, { log, tracing, open, onListen, onReady });
  terminal.status("Bringing the tables up to date ...");
  await composed.migrate();
  const first = config.hasDemo ? { file: demoFile, workspace } : undefined;
  const databaseDir = database.dir;
  await makeFirstKeys(composed.subscription, { master, dataDir, databaseDir, demo: first });
  return composed;
}

/** The receiver starts before whatever might send to it, and stops after it. */
function withDemo(
  parts: readonly Part[],
  { dataDir, places, demoFile }: Ground,
  { workingDir }: UpConfig,
  deps: UpDeps,
): readonly Part[] {
  const there = receiver();
  const baseUrl = () => places.now().baseUrl;
  const job = { receiver: there, dataDir, workingDir, workspace, file: demoFile, baseUrl };
  return [there.part, ...parts, demo(job, deps)];
}
