import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, chown, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Account, canReach, isRoot, serverAccount } from "./account.ts";

/** Where an embedded Postgres keeps its files. */
export interface Home {
  /** The folder that the user named. */
  readonly dataDir: string;
  /** The folder that the files are in: the same, or one that Postgres' user can reach. */
  readonly dir: string;
  /** What Postgres runs as; undefined: as we do. */
  readonly account: Account | undefined;
}

/** Holds what the user that Postgres runs as cannot reach elsewhere. */
export const systemDir = "/var/lib/posthorn";

/**
 * Makes the folder of the files, mode 0700 and owned by whoever Postgres runs as. For root that is
 * the folder's owner if it is somebody else's, else `postgres` or `nobody`; where these cannot
 * reach it, the files lie under /var/lib/posthorn. Throws, in one line, when it cannot be written.
 */
export async function openHome(dataDir: string): Promise<Home> {
  try {
    return isRoot() ? await openAsRoot(dataDir) : await openAsUser(dataDir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the data folder ${dataDir} cannot be used: ${reason}`, { cause: error });
  }
}

async function openAsUser(dataDir: string): Promise<Home> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  return { dataDir, dir: dataDir, account: undefined };
}

async function openAsRoot(dataDir: string): Promise<Home> {
  const account = (await foreignOwner(dataDir)) ?? serverAccount();
  // Made before it is asked about, since the umask may close it.
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o755 });
  const dir = canReach(account, dirname(dataDir)) ? dataDir : systemDirOf(dataDir);
  if (dir !== dataDir) await makeOpenDir(systemDir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (!(await isOwnedBy(account, dir))) await handOver(dir, account);
  return { dataDir, dir, account };
}

/** Makes a folder that everybody can pass through, whatever the umask is. */
export async function makeOpenDir(dir: string): Promise<void> {
  const made = await mkdir(dir, { recursive: true });
  if (made !== undefined) await chmod(dir, 0o755);
}

function systemDirOf(dataDir: string): string {
  return join(systemDir, createHash("sha256").update(dataDir).digest("hex").slice(0, 16));
}

/** Gives a new folder to the account; one with files of root's in it is not ours to give away. */
async function handOver(dir: string, account: Account): Promise<void> {
  if ((await readdir(dir)).length > 0) {
    throw new Error(`${dir} is not empty and does not belong to the user of Postgres`);
  }
  await chown(dir, account.uid, account.gid);
  await chmod(dir, 0o700);
}

async function foreignOwner(dir: string): Promise<Account | undefined> {
  const found = await statOf(dir);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function isOwnedBy(account: Account, dir: string): Promise<boolean> {
  return (await statOf(dir))?.uid === account.uid;
}

async function statOf(dir: string): Promise<Account | undefined> {
  try {
    return await stat(dir);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
