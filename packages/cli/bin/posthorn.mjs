#!/usr/bin/env node
// Runs the command line from the sources of this repository, from any folder: with nothing but a
// Node from 18 on, it first installs what the lockfile names. Plain JavaScript without a
// dependency, since it has to run before there is any.
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../../scripts/bootstrap/failure.mjs";
import { ensureInstalled } from "../../../scripts/bootstrap/install.mjs";
import { checkNode, taskPath } from "../../../scripts/bootstrap/node.mjs";
import { run } from "../../../scripts/bootstrap/run.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const main = join(root, "packages/cli/src/main.ts");
const node = ["node", "--conditions=source", "--disable-warning=ExperimentalWarning", main];

try {
  checkNode();
  const env = { ...process.env, PATH: taskPath(root, await ensureInstalled(root)) };
  const [command, ...args] = node;
  const { exitCode } = await run(command, [...args, ...process.argv.slice(2)], { env });
  process.exitCode = exitCode;
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
