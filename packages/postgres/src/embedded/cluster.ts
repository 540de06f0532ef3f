import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chown,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import type { Home } from "./home.ts";
import { serverEnv } from "./server-env.ts";

const run = promisify(execFile);

/** The superuser of an embedded Postgres, and the name of its database. */
export const userName = "posthorn";

const initTimeoutMs = 120_000;
const halfMade = "init-";
const passwordFile = "posthorn.password";

/** Gives the folder of the database files proper. */
export function clusterDir(home: Home): string {
  return join(home.dir, "data");
}

/**
 * Makes the database files if there are none, and gives the password. They are made aside and
 * renamed when complete: a failure, or a kill, leaves nothing but what the next call clears away.
 */
export async function ensureCluster(
  home: Home,
  binaries: Binaries,
  { sync }: { sync: boolean },
): Promise<string> {
  await clearHalfMade(home.dir);
  if (!(await hasCluster(home))) await makeCluster(home, binaries, sync);
  return (await readFile(join(clusterDir(home), passwordFile), "utf8")).trim();
}

async function hasCluster(home: Home): Promise<boolean> {
  return await stat(clusterDir(home)).then(
    () => true,
    () => false,
  );
}

async function clearHalfMade(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.startsWith(halfMade));
  for (const name of names) await rm(join(dir, name), { recursive: true, maxRetries: 10 });
}

async function makeCluster(home: Home, binaries: Binaries, sync: boolean): Promise<void> {
  const half = await mkdtemp(join(home.dir, halfMade));
  try {
    if (home.account !== undefined) await chown(half, home.account.uid, home.account.gid);
    const passwordPath = join(half, passwordFile);
    await writePassword(passwordPath, home);
    await initdb({ home, binaries, dir: join(half, "data"), passwordPath, sync });
    await rename(passwordPath, join(half, "data", passwordFile));
    await rename(join(half, "data"), clusterDir(home));
    await syncDir(home.dir);
  } finally {
    await rm(half, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function writePassword(path: string, { account }: Home): Promise<void> {
  await writeFile(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

interface InitOptions {
  readonly home: Home;
  readonly binaries: Binaries;
  readonly dir: string;
  readonly passwordPath: string;
  readonly sync: boolean;
}

async function initdb({ home, binaries, dir, passwordPath, sync }: InitOptions): Promise<void> {
  const args = [
    `--pgdata=${dir}`,
    `--username=${userName}`,
    `--pwfile=${passwordPath}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // The same order of texts on every system: by code point.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-instructions",
    ...(sync ? [] : ["--no-sync"]),
  ];
  try {
    await run(binaries.initdb, args, {
      ...home.account,
      cwd: home.dir,
      env: serverEnv,
      timeout: initTimeoutMs,
    });
  } catch (error) {
    throw new Error(`the database files could not be made in ${home.dir}: ${lastWords(error)}`, {
      cause: error,
    });
  }
}

/** What a failed program said last, in one line. */
function lastWords(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const lines = output
    .split("\n")
    .filter((line) => line.includes("error:") || line.includes("FATAL"));
  if (lines.length > 0) return lines.slice(-2).join("; ");
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
