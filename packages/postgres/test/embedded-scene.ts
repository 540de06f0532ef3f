import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, kill } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Logger, logger } from "@posthorn/runtime";
import pg from "pg";
import { type EmbeddedPostgres, removeEmbedded, startEmbedded } from "../src/index.ts";

/** Says nothing. */
export const silent: Logger = logger({ name: "test", level: "silent" });

/** A folder for one embedded Postgres, and what runs on it. */
export interface Scene {
  /** Does not exist before the first start. */
  readonly dataDir: string;
  /** Of the database files. */
  readonly cluster: string;
  /** Starts it in this process, without fsync unless told otherwise. */
  start(settings?: Record<string, string>): Promise<EmbeddedPostgres>;
  /** Starts it in a process of its own. */
  startChild(): Promise<{ child: ChildProcess; url: string }>;
  /** Removes what it keeps on disk. */
  remove(): Promise<void>;
  /** Stops all of it and removes the folder. */
  close(): Promise<void>;
}

/** Makes a temporary folder that every user can pass through. */
export async function embeddedScene(): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), "posthorn-embedded-"));
  await chmod(dir, 0o755);
  const dataDir = join(dir, "postgres");
  const started: EmbeddedPostgres[] = [];
  const children: ChildProcess[] = [];
  return {
    dataDir,
    cluster: join(dataDir, "data"),
    async start(settings = { fsync: "off" }) {
      const postgres = await startEmbedded({ dataDir, log: silent, settings });
      started.push(postgres);
      return postgres;
    },
    async startChild() {
      const child = spawnChild(dataDir);
      children.push(child);
      return { child, url: await urlOf(child) };
    },
    remove: () => removeEmbedded({ dataDir, log: silent }),
    async close() {
      await Promise.all(started.map((postgres) => postgres.stop()));
      await Promise.all(children.map((child) => end(child, "SIGKILL")));
      await removeEmbedded({ dataDir, log: silent });
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function spawnChild(dataDir: string): ChildProcess {
  const program = fileURLToPath(new URL("embedded-child.ts", import.meta.url));
  return spawn(execPath, ["--conditions=source", program, dataDir], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // So that it leads a process group, as a program started in a terminal does.
  });
}

async function urlOf({ stdout, stderr }: ChildProcess): Promise<string> {
  if (stdout === null || stderr === null) throw new Error("the child has no output");
  let complaint = "";
  stderr.on("data", (chunk) => {
    complaint += String(chunk);
  });
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error(`the child ended: ${complaint}`);
}

/** Ends a process and waits for that. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** Gives the rows of one statement on a connection of its own. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Gives the pid of the server's first process. */
export async function postmasterPid(cluster: string): Promise<number> {
  return Number.parseInt(await readFile(join(cluster, "postmaster.pid"), "utf8"), 10);
}

/** Whether there is such a process, dead ones that nobody has waited for included. */
export function isThere(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
