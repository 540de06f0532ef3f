import { spawn } from "node:child_process";
import { once } from "node:events";

/** What is to be cleared away should this process die without doing it itself. */
export interface DeathWatchOptions {
  /** Holds the pid of a process of ours in its first line. */
  readonly pidPath: string;
  /** What ends that process at once. */
  readonly signal: "KILL" | "QUIT";
  /** Removed afterwards. */
  readonly dir: string;
}

/** Its standard input ends when we do, however that comes. */
const script = `read -r _
kill -s "$2" "$(head -n 1 "$1")"
sleep 1
rm -rf "$3"`;

/**
 * Watches over a process that would outlive a test run killed with -9. Gives the function that
 * ends the watch, for before the process is ended in order.
 */
export async function deathWatch(options: DeathWatchOptions): Promise<() => Promise<void>> {
  const args = ["-c", script, "death-watch", options.pidPath, options.signal, options.dir];
  const watch = spawn("sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  await once(watch, "spawn");
  return async () => {
    if (watch.exitCode !== null || watch.signalCode !== null) return;
    const exit = once(watch, "exit");
    watch.kill("SIGKILL");
    await exit;
  };
}
