import { constants, existsSync } from "node:fs";
import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { geteuid } from "node:process";
import { Refusal } from "./refusal.ts";

/** A file of the data folder that holds one line which is nobody else's business. */
export type SecretName = "admin-key" | "operator-key" | "master-key" | "demo-webhook";

/** The folder that a Posthorn on one machine keeps everything in. */
export interface DataDir {
  /** Absolute. */
  readonly path: string;
  pathOf(name: SecretName): string;
  /** Gives the file's line; undefined when there is no file. */
  read(name: SecretName): Promise<string | undefined>;
  /** Writes the file whole or not at all, durably, readable by its owner only. */
  write(name: SecretName, line: string): Promise<void>;
}

/** As root, Postgres runs as another user, who has to pass through the folder to its own. */
const mode = geteuid?.() === 0 ? 0o755 : 0o700;

/** Opens the folder and makes it if there is none. Throws Refusal when it cannot be written. */
export async function openDataDir(path: string): Promise<DataDir> {
  const pathOf = (name: SecretName) => join(path, name);
  await refused(path, async () => {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  return {
    path,
    pathOf,
    read: (name) => refused(pathOf(name), () => readLine(pathOf(name))),
    write: (name, line) => refused(pathOf(name), () => writeLine(pathOf(name), line)),
  };
}

/** Not `recursive`: Node turns in circles where a folder takes no folders, as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || existsSync(dirname(path))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode });
  }
}

async function readLine(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim() || undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function writeLine(path: string, line: string): Promise<void> {
  const half = `${path}.new`;
  await rm(half, { force: true });
  const file = await open(half, "wx", 0o600);
  try {
    await file.writeFile(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, path);
}

async function refused<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new Refusal(`${path}: ${wordsFor(codeOf(error))}. POSTHORN_DATA_DIR names the folder.`, {
      cause: error,
    });
  }
}

function wordsFor(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "no permission to read and write it";
    case "EROFS":
      return "it lies on a read-only disk";
    case "ENOSPC":
      return "the disk is full";
    case "ENOENT":
      return "it cannot be made there";
    case "ENOTDIR":
      return "a file is in the way of the folder";
    default:
      return `it cannot be used (${code})`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
