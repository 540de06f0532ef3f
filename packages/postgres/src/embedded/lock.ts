import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pid } from "node:process";
import { DatabaseSync } from "node:sqlite";
import type { Home } from "./home.ts";

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const busy = 5;

/**
 * Takes the folder for this process, and gives the function that lets it go. The lock is the
 * kernel's, so it ends with the process however that ends; Node has no flock, so SQLite takes it.
 * Throws `another Posthorn is running on <dir> (pid N)` when it is taken.
 */
export function lockHome({ dir, dataDir }: Home): () => void {
  const pidPath = join(dir, "posthorn.pid");
  const lock = new DatabaseSync(join(dir, "posthorn.lock"), { timeout: 0 });
  try {
    lock.exec("begin exclusive");
  } catch (error) {
    lock.close();
    if (!isBusy(error))
      throw new Error(`the data folder ${dataDir} cannot be locked`, { cause: error });
    throw new Error(`another Posthorn is running on ${dataDir} (pid ${pidIn(pidPath)})`);
  }
  writeFileSync(pidPath, `${pid}\n`);
  return () => {
    rmSync(pidPath, { force: true });
    lock.close();
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === busy;
}

function pidIn(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // The other one has the lock, but has not written its pid yet.
    return "unknown";
  }
}
