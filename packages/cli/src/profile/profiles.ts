import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exitCodes, Failure } from "../failure.ts";

/** A Posthorn and the keys to it. */
export interface Profile {
  /** Where it is: `http://127.0.0.1:8420` */
  readonly server: string;
  /** An operator or workspace key. */
  readonly key?: string;
  /** What `providers` is done with. */
  readonly adminKey?: string;
  /** Where no `--workspace` is given. */
  readonly workspace?: string;
  /** What `listen` signs with, so that a program under test keeps its settings. */
  readonly listenSecret?: string;
}

/** What is kept on disk. */
export interface Profiles {
  /** The profile that commands take unless they name one. */
  readonly current: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

const none: Profiles = { current: "default", profiles: {} };
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Gives the file that profiles are kept in. */
export function profilesPath(env: Readonly<Record<string, string | undefined>>): string {
  const own = env["POSTHORN_CONFIG_DIR"];
  const base = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? "", ".config");
  return join(own || join(base, "posthorn"), "profiles.json");
}

/** Reads the file; none is no profiles. Throws Failure when others may read it, or it is damaged. */
export async function readProfiles(path: string): Promise<Profiles> {
  const text = await readOwn(path);
  if (text === undefined) return none;
  try {
    const read: unknown = JSON.parse(text);
    if (isProfiles(read)) return read;
  } catch {
    // Told below, as is a file of another shape.
  }
  throw wrong(`${path} is damaged: remove it, and log in again`);
}

/** Writes the file whole or not at all, readable by its owner only. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  const half = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(half, "wx", 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(`${JSON.stringify(profiles, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, path);
  } catch (cause) {
    await rm(half, { force: true }).catch(() => {}); // The reason is told.
    throw wrong(`${path} cannot be written (${codeOf(cause)}): see POSTHORN_CONFIG_DIR`, cause);
  }
}

/** Gives the profiles with one more, or one changed, which is the current one from now on. */
export function withProfile({ profiles }: Profiles, name: string, profile: Profile): Profiles {
  checkProfileName(name);
  return { current: name, profiles: { ...profiles, [name]: profile } };
}

/** Gives the profiles without one. */
export function withoutProfile({ current, profiles }: Profiles, name: string): Profiles {
  const { [name]: _, ...rest } = profiles;
  return {
    current: current === name ? (Object.keys(rest)[0] ?? none.current) : current,
    profiles: rest,
  };
}

/** Throws Failure for a name that is none. */
export function checkProfileName(name: string): void {
  if (namePattern.test(name)) return;
  throw wrong(
    `--profile: ${JSON.stringify(name)} must be 1 to 64 of the characters A-Z a-z 0-9 . _ -`,
  );
}

/** Makes the file readable by its owner only. */
export async function mendMode(path: string): Promise<void> {
  await chmod(path, 0o600);
}

async function readOwn(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw wrong(`${path} holds keys and may be read by others: run chmod 600 ${path}`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (codeOf(error) === "ENOENT") return undefined;
    throw wrong(`${path} cannot be read (${codeOf(error)})`, error);
  }
}

function isProfiles(read: unknown): read is Profiles {
  if (typeof read !== "object" || read === null) return false;
  const { current, profiles } = read as Partial<Profiles>;
  if (typeof current !== "string" || typeof profiles !== "object" || profiles === null)
    return false;
  return Object.values(profiles).every(
    (profile) =>
      typeof profile === "object" && profile !== null && typeof profile.server === "string",
  );
}

function wrong(message: string, cause?: unknown): Failure {
  return new Failure(exitCodes.usage, message, { reason: "profile", cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
