import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const installTimeoutMs = 240_000;
const cacheDir = new URL("../../node_modules/.cache/posthorn-python", import.meta.url).pathname;

/**
 * Whether there is a `python3` that makes virtual environments. Says so loudly if not, and throws
 * where `CI` is set.
 */
export function canRunPython(): boolean {
  const { status } = spawnSync("python3", ["-c", "import ensurepip, venv"], { stdio: "ignore" });
  if (status === 0) return true;
  const problem = "the Python example needs python3 with venv and ensurepip";
  if ((process.env["CI"] ?? "") !== "") throw new Error(problem);
  console.warn(`\n*** SKIPPED: ${problem} ***\n`);
  return false;
}

/**
 * Gives the Python of a virtual environment that has what the file requires; made once for all
 * runs, by pip. Renamed when complete, so that two runs at once do no harm.
 */
export async function pythonWith(requirementsPath: string): Promise<string> {
  const required = createHash("sha256").update(readFileSync(requirementsPath)).digest("hex");
  const target = join(cacheDir, required.slice(0, 16));
  if (!existsSync(target)) await install(target, requirementsPath);
  return join(target, "bin/python");
}

async function install(target: string, requirementsPath: string): Promise<void> {
  mkdirSync(cacheDir, { recursive: true });
  const half = mkdtempSync(`${target}-`);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  try {
    await run("python3", ["-m", "venv", half], { timeout: installTimeoutMs });
    const args = [...pip, "--requirement", requirementsPath];
    await run(join(half, "bin/python"), args, { timeout: installTimeoutMs });
    renameSync(half, target);
  } catch (error) {
    if (!existsSync(target)) throw new Error("pip could not bring grpcio", { cause: error });
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}
