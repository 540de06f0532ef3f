/**
 * Generates what is made from other files: the TypeScript of the protos.
 *
 * Usage: npm run gen                        writes it
 *        npm run task -- gen --check        fails, and names the files, when what is there is stale
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runAll } from "./run-all.ts";

const root = resolve(import.meta.dirname, "..");
/** What is generated, by where it lies; each is wholly made, so that what is left over shows too. */
const generated = ["packages/proto/src/gen"];

const { values } = parseArgs({
  options: { write: { type: "boolean" }, check: { type: "boolean" }, help: { type: "boolean" } },
});
if (values.write) process.exitCode = generateInto(root);
else if (values.check) process.exitCode = check();
else console.log("Usage: npm run task -- gen --write | --check");

/** The base stands for the root of the repository: everything lands where it lies there. */
function generateInto(base: string): number {
  mkdirSync(join(base, "proto"), { recursive: true });
  return runAll(join(root, "proto"), [["buf", "generate", "--output", join(base, "proto")]]);
}

function check(): number {
  const scratch = mkdtempSync(join(tmpdir(), "posthorn-gen-"));
  try {
    const exitCode = generateInto(scratch);
    if (exitCode !== 0) return exitCode;
    const stale = generated.flatMap((place) => staleIn(place, scratch));
    for (const path of stale) console.error(`stale: ${path}`);
    if (stale.length > 0) console.error("Run `npm run gen` and check in what it writes.");
    return stale.length === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function staleIn(place: string, scratch: string): string[] {
  const names = new Set([...filesIn(join(scratch, place)), ...filesIn(join(root, place))]);
  return [...names]
    .filter((name) => contentOf(scratch, place, name) !== contentOf(root, place, name))
    .map((name) => join(place, name))
    .sort();
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function contentOf(...path: readonly string[]): string | undefined {
  const whole = join(...path);
  return existsSync(whole) ? readFileSync(whole, "utf8") : undefined;
}
