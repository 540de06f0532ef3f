import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Logger } from "@posthorn/runtime";
import { findBinaries } from "./binaries.ts";
import { clusterDir, ensureCluster, userName } from "./cluster.ts";
import { freePort } from "./free-port.ts";
import { type Home, openHome } from "./home.ts";
import { lockHome } from "./lock.ts";
import { stopOrphans } from "./orphans.ts";
import { type Login, openDatabase } from "./ready.ts";
import { type Server, spawnServer } from "./server.ts";
import { defaultSettings, type Settings } from "./settings.ts";

/** What to start. */
export interface EmbeddedOptions {
  /** The folder that holds the database; made if missing. Nothing else may lie in it. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Settings of postgresql.conf that differ from ours: `{ max_connections: "200" }`. */
  readonly settings?: Settings;
}

/** A running embedded Postgres. */
export interface EmbeddedPostgres {
  /** Of the database `posthorn`, as superuser, by 127.0.0.1; holds the password. */
  readonly url: string;
  /** Where its files are: the folder given, or one that its user can reach. */
  readonly dir: string;
  /** Fulfilled after `stop`; rejected when the server ends by itself. */
  readonly exited: Promise<void>;
  /** Stops it (fast shutdown), waits until it is gone, and lets the folder go. */
  stop(): Promise<void>;
}

/** Somebody else may take the port before Postgres does. */
const portTriesMax = 5;
/** A recovery of 2 GB of log on a slow disk. */
const readyTimeoutMs = 300_000;

/**
 * Starts a Postgres of our own on the folder, which it makes and fills on the first call. Stops
 * first what a killed process left running on it. Throws, in one line, when another Posthorn uses
 * the folder, when it cannot be written, and when the files are damaged (with Postgres' own words).
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await openHome(resolve(options.dataDir));
  if (home.dir !== home.dataDir) {
    options.log.info(
      home,
      "the user of postgres cannot reach the data folder: its files are in dir",
    );
  }
  const unlock = lockHome(home);
  try {
    return await startLocked(home, options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Removes the folder and all that is in it; stops what a killed process left running on it. */
export async function removeEmbedded(options: { dataDir: string; log: Logger }): Promise<void> {
  const home = await openHome(resolve(options.dataDir));
  const unlock = lockHome(home);
  try {
    await stopOrphans(clusterDir(home), options.log);
    await rm(home.dir, { recursive: true, force: true, maxRetries: 10 });
  } finally {
    unlock();
  }
}

async function startLocked(
  home: Home,
  { log, settings = {} }: EmbeddedOptions,
  unlock: () => void,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries(home.account);
  const password = await ensureCluster(home, binaries, { sync: settings["fsync"] !== "off" });
  await stopOrphans(clusterDir(home), log);
  for (let tryCount = 1; ; tryCount++) {
    const port = await freePort();
    const server = await spawnServer(home, binaries, {
      settings: { ...defaultSettings, ...settings, ...placeOf(port) },
      log,
    });
    const problem = await problemOf(server, { host: "127.0.0.1", port, user: userName, password });
    if (problem === undefined) return running(server, { home, port, password, unlock });
    if (tryCount === portTriesMax || !problem.includes("could not create any TCP")) {
      throw new Error(`postgres did not start on ${home.dir}: ${problem}`);
    }
  }
}

/** Loopback alone: nobody from outside, and no socket file that could be too long or left over. */
function placeOf(port: number): Settings {
  return { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "" };
}

/** Waits until it can be used; gives what went wrong otherwise, and then it is gone. */
async function problemOf(server: Server, login: Login): Promise<string | undefined> {
  const over = new AbortController();
  const opened = openDatabase(login, {
    database: userName,
    timeoutMs: readyTimeoutMs,
    stop: over.signal,
  }).then(
    () => undefined,
    (error: unknown) => `${error}`,
  );
  const first = await Promise.race([opened, server.ended.then(() => "ended")]);
  if (first === undefined) return undefined;
  over.abort();
  if (first !== "ended") await server.stop();
  const refusal = await opened;
  const how = await server.ended;
  return first === "ended" ? `${how}: ${server.log.tail()}` : (refusal ?? how);
}

interface Running {
  readonly home: Home;
  readonly port: number;
  readonly password: string;
  readonly unlock: () => void;
}

function running(server: Server, { home, port, password, unlock }: Running): EmbeddedPostgres {
  let stopped: Promise<void> | undefined;
  const exited = server.ended.then((how) => {
    unlock();
    if (stopped !== undefined) return;
    throw new Error(`postgres on ${home.dir} ended by itself: ${how}: ${server.log.tail()}`);
  });
  exited.catch(() => {}); // Whoever wants to know awaits it.
  return {
    url: `postgres://${userName}:${password}@127.0.0.1:${port}/${userName}`,
    dir: home.dir,
    exited,
    stop() {
      stopped ??= server.stop();
      return stopped;
    },
  };
}
