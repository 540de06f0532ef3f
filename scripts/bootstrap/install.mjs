import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { Failure } from "./failure.mjs";
import { fingerprint } from "./fingerprint.mjs";
import { holdLock } from "./lock.mjs";
import { bundledVersion } from "./node.mjs";
import { progress } from "./progress.mjs";
import { reasonOf } from "./reason.mjs";
import { runQuietly } from "./run.mjs";

const pnpm = "pnpm@12.21.0";
/** Its first line of output tells where pnpm lies, which turbo needs on its PATH. */
const install = "command -v pnpm && pnpm install --frozen-lockfile";
const npx = ["--yes", "--prefer-offline", "--package", pnpm, "--call", install];

/** Without a network both would say so only after minutes. */
const patience = {
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_fetch_retry_maxtimeout: "5000",
  pnpm_config_fetch_retry_mintimeout: "1000",
  pnpm_config_fetch_retry_maxtimeout: "3000",
};

/**
 * Installs the dependencies unless those of this lockfile are there. Gives the version of the Node
 * among them (undefined: none that runs here) and the folder that pnpm lies in.
 */
export async function ensureInstalled(root) {
  const wanted = fingerprint(root);
  const found = readStamp(root);
  if (isCurrent(found, wanted)) return found;
  checkWritable(root);
  const unlock = await holdLock(join(root, "node_modules", ".posthorn-install.lock"));
  try {
    // Whoever held the lock may have done it meanwhile.
    const meanwhile = readStamp(root);
    if (isCurrent(meanwhile, wanted)) return meanwhile;
    return await installNow(root, wanted);
  } finally {
    unlock();
  }
}

async function installNow(root, wanted) {
  const startedAtMs = performance.now();
  const report = progress("Installing the dependencies");
  // CI: no question is asked that nobody would see.
  const env = { ...patience, ...process.env, CI: "1" };
  const { exitCode, signal, stdout, output } = await runQuietly("npx", npx, { env });
  if (signal !== undefined) {
    report.end("Installing the dependencies was broken off.");
    throw new Failure("Stopped.", exitCode || 130);
  }
  if (exitCode !== 0) {
    report.end("Installing the dependencies failed:");
    throw new Failure(failureOf(output, root));
  }
  const pnpmDir = dirname(stdout.slice(0, stdout.indexOf("\n")));
  const stamp = { wanted, pnpmDir, node: bundledVersion(root) };
  writeFileSync(stampPath(root), `${JSON.stringify(stamp)}\n`);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  report.end(`Installed the dependencies in ${seconds} s.`);
  return stamp;
}

/** What is known is said in one line; else everything that was written is shown. */
function failureOf(output, root) {
  const reason = reasonOf(output, root);
  if (reason === undefined) return output.trimEnd();
  const path = join("node_modules", ".posthorn-install.log");
  try {
    writeFileSync(join(root, path), output);
  } catch {
    // No room or no permission for it, which is the reason then.
    return reason;
  }
  return `${reason} (The whole output is in ${path}.)`;
}

function isCurrent(stamp, wanted) {
  return stamp?.wanted === wanted && existsSync(join(stamp.pnpmDir, "pnpm"));
}

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampPath(root), "utf8"));
  } catch {
    // None yet, or one that was cut off: both mean that there is no finished installation.
    return undefined;
  }
}

function stampPath(root) {
  return join(root, "node_modules", ".posthorn-install.json");
}

function checkWritable(root) {
  const modules = join(root, "node_modules");
  try {
    mkdirSync(modules, { recursive: true });
    accessSync(modules, constants.W_OK);
  } catch (error) {
    throw new Failure(
      `The dependencies cannot be installed: no permission to write ${modules} (${error.code}).`,
    );
  }
}
