import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";

/** A user of the system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const accountNames = ["postgres", "nobody"];

/** Whether we are root, whom Postgres refuses to run as. */
export function isRoot(): boolean {
  return geteuid?.() === 0;
}

/** Gives the account that Postgres runs as when we are root: `postgres`, else `nobody`. */
export function serverAccount(passwdPath = "/etc/passwd"): Account {
  const users = readFileSync(passwdPath, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of accountNames) {
    const user = users.find(([candidate]) => candidate === name);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error("Postgres does not run as root, and there is no user postgres or nobody");
}

/** Whether the account may pass through a folder and all above it; a missing one counts as its parent. */
export function canReach(account: Account, path: string): boolean {
  for (let folder = realFolder(path); ; folder = dirname(folder)) {
    if (!mayPass(account, statSync(folder))) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Whether a folder's mode lets the account pass: its owner's, its group's or the others' bit decides. */
export function mayPass(account: Account, folder: Account & { readonly mode: number }): boolean {
  const { mode, uid, gid } = folder;
  const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
  return (bits & 1) === 1;
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (path === dirname(path)) throw error;
    return realFolder(dirname(path));
  }
}
