import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Logger } from "@posthorn/runtime";

const run = promisify(execFile);

/** Fast shutdown, immediate shutdown, and the end, with the time that each is given. */
const steps = [
  { signal: "SIGINT", timeoutMs: 60_000 },
  { signal: "SIGQUIT", timeoutMs: 10_000 },
  { signal: "SIGKILL", timeoutMs: 10_000 },
] as const;
const pollMs = 20;

/**
 * Stops the Postgres that a killed Posthorn has left on these files, and removes a pid file that
 * speaks of a process gone by (or of a stranger that got its number). Only for the holder of the
 * folder's lock.
 */
export async function stopOrphans(cluster: string, log: Logger): Promise<void> {
  const pidPath = join(cluster, "postmaster.pid");
  const orphans = await listServers(cluster, pidPath);
  if (orphans.length > 0) {
    log.warn({ pids: orphans }, "stopping the postgres that a killed process left behind");
    await stopAll(cluster, pidPath);
  }
  await rm(pidPath, { force: true });
}

async function stopAll(cluster: string, pidPath: string): Promise<void> {
  for (const { signal, timeoutMs } of steps) {
    for (const pid of await targetsOf(signal, cluster, pidPath)) sendSignal(pid, signal);
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      if ((await listServers(cluster, pidPath)).length === 0) return;
      await sleep(pollMs);
    }
  }
  throw new Error(`the postgres that a killed process left on ${cluster} cannot be stopped`);
}

/** SIGINT means a shutdown to the first process only; to the others, the end of a statement. */
async function targetsOf(signal: string, cluster: string, pidPath: string): Promise<number[]> {
  const pids = await listServers(cluster, pidPath);
  const first = await pidIn(pidPath);
  return signal === "SIGINT" ? pids.filter((pid) => pid === first) : pids;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal);
  } catch (error) {
    // Gone meanwhile.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Every process of a Postgres works in its folder of files, which also tells it from a stranger. */
async function listServers(cluster: string, pidPath: string): Promise<number[]> {
  if (platform() !== "linux") return await listByPidFile(cluster, pidPath);
  const folder = await realpath(cluster).catch(() => undefined);
  if (folder === undefined) return []; // Nothing was ever made there.
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(pids.map((pid) => isServerOf(folder, pid)));
  return pids.filter((_, index) => ours[index]);
}

async function isServerOf(folder: string, pid: number): Promise<boolean> {
  try {
    if ((await readlink(`/proc/${pid}/cwd`)) !== folder) return false;
    return (await readFile(`/proc/${pid}/comm`, "utf8")).trim() === "postgres";
  } catch {
    // Gone, dead but not waited for, or another user's: not ours in every case.
    return false;
  }
}

/** Without /proc: the first process alone; the others end when they find it gone. */
async function listByPidFile(cluster: string, pidPath: string): Promise<number[]> {
  const pid = await pidIn(pidPath);
  if (pid === undefined) return [];
  const { stdout } = await run("ps", ["-p", String(pid), "-o", "stat=,command="]).catch(() => ({
    stdout: "",
  }));
  return stdout.includes(cluster) && !stdout.startsWith("Z") ? [pid] : [];
}

async function pidIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  return Number.isNaN(pid) ? undefined : pid;
}
