/**
 * Generates what is made from other files: the TypeScript of the protos, the OpenAPI document, the
 * JSON Schema of provider files, docs/errors.md and the table of claims in README.md.
 *
 * Usage: npm run gen                        writes it
 *        npm run task -- gen --check        fails, and names the files, when what is there is stale
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runAll } from "./steps/run-all.ts";

const root = resolve(import.meta.dirname, "..");
/** What is generated, by where it lies; each is wholly made, so that what is left over shows too. */
const generated = [
  "packages/proto/src/gen",
  "services/gateway/openapi.json",
  "deploy/providers/provider.schema.json",
  "docs/errors.md",
  "README.md",
];

const { values } = parseArgs({
  options: { write: { type: "boolean" }, check: { type: "boolean" }, help: { type: "boolean" } },
});
if (values.write) process.exitCode = generateInto(root);
else if (values.check) process.exitCode = check();
else console.log("Usage: npm run task -- gen --write | --check");

/** The base stands for the root of the repository: everything lands where it lies there. */
function generateInto(base: string): number {
  const scratch = mkdtempSync(join(tmpdir(), "posthorn-image-"));
  const image = join(scratch, "image.binpb");
  mkdirSync(join(base, "proto"), { recursive: true });
  mkdirSync(join(base, "services/gateway"), { recursive: true });
  mkdirSync(join(base, "deploy/providers"), { recursive: true });
  mkdirSync(join(base, "docs"), { recursive: true });
  try {
    const exitCode = runAll(join(root, "proto"), [
      ["buf", "generate", "--output", join(base, "proto")],
      ["buf", "build", "--output", image],
    ]);
    if (exitCode !== 0) return exitCode;
    return runScripts(base, image);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Runs the scripts that write one file each, up to the first that fails; gives its exit code. */
function runScripts(base: string, image: string): number {
  const openapi = join(base, "services/gateway/openapi.json");
  const schema = join(base, "deploy/providers/provider.schema.json");
  return (
    runScript("services/gateway/src/gen-openapi.ts", openapi, readFileSync(image)) ||
    runScript("services/subscription/src/gen-provider-schema.ts", schema, readFileSync(openapi)) ||
    runScript("scripts/docs-errors.ts", join(base, "docs/errors.md")) ||
    runScript("test/conformance/harness/write-table.ts", join(base, "README.md"))
  );
}

/** Runs a script that writes the file; gives its exit code. */
function runScript(script: string, path: string, input?: Uint8Array): number {
  const args = ["--conditions=source", join(root, script), path];
  const stdio = [input === undefined ? "ignore" : "pipe", "inherit", "inherit"] as const;
  const { status } = spawnSync(process.execPath, args, { input, stdio: [...stdio] });
  return status ?? 1;
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
  const names = new Set([...filesIn(scratch, place), ...filesIn(root, place)]);
  return [...names].filter((name) => contentOf(scratch, name) !== contentOf(root, name)).sort();
}

/** Gives a file's name itself, or the names of all files in a folder, relative to the base. */
function filesIn(base: string, place: string): string[] {
  const path = join(base, place);
  if (!existsSync(path) || statSync(path).isFile()) return [place];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(base, join(entry.parentPath, entry.name)));
}

function contentOf(base: string, name: string): string | undefined {
  const path = join(base, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
