import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@posthorn/runtime";
import type { Binaries } from "./binaries.ts";
import { clusterDir } from "./cluster.ts";
import type { Home } from "./home.ts";
import { serverEnv } from "./server-env.ts";
import { type ServerLog, serverLog } from "./server-log.ts";
import { type Settings, settingArgs } from "./settings.ts";

/** A Postgres process of ours. */
export interface Server {
  /** Fulfilled, with how it ended, when the process is gone; never rejected. */
  readonly ended: Promise<string>;
  readonly log: ServerLog;
  /** Fast shutdown: rolls back what is open, writes a checkpoint. Returns when it is gone. */
  stop(): Promise<void>;
}

/** A checkpoint of a few gigabytes on a slow disk; then without it, which costs a recovery. */
const fastStopMs = 60_000;
const immediateStopMs = 10_000;

/** Starts the process; it is not ready yet, and may end at once. */
export async function spawnServer(
  home: Home,
  binaries: Binaries,
  options: { settings: Settings; log: Logger },
): Promise<Server> {
  const args = ["-D", clusterDir(home), ...settingArgs(options.settings)];
  const child = spawn(binaries.postgres, args, {
    ...home.account,
    cwd: home.dir,
    env: serverEnv,
    stdio: ["ignore", "ignore", "pipe"],
    // Ctrl-C goes to every process of the terminal: Postgres has to outlive the parts that use it.
    detached: true,
  });
  const ended = once(child, "close").then(([code, signal]) => `${signal ?? `exit code ${code}`}`);
  const log = serverLog(child.stderr, options.log);
  await once(child, "spawn");
  return {
    ended,
    log,
    async stop() {
      child.kill("SIGINT");
      if (await endsWithin(ended, fastStopMs)) return;
      options.log.warn("postgres does not stop: stopping it without a checkpoint");
      child.kill("SIGQUIT");
      if (await endsWithin(ended, immediateStopMs)) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function endsWithin(ended: Promise<string>, timeoutMs: number): Promise<boolean> {
  const abort = new AbortController();
  const timeout = sleep(timeoutMs, false, { signal: abort.signal }).catch(() => false);
  try {
    return await Promise.race([ended.then(() => true), timeout]);
  } finally {
    abort.abort();
  }
}
