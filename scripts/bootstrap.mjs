// Runs a task of the repository, on a fresh clone too: with nothing but npm and a Node from 18 on,
// it first installs what the lockfile names, then hands over to the task. Plain JavaScript without
// a dependency, since it has to run before there is any.
//
// Usage: node scripts/bootstrap.mjs start|test|check|gen|build|bench [arguments]
//        node scripts/bootstrap.mjs <a script of scripts/, or a tool of node_modules/.bin> [arguments]
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "./bootstrap/failure.mjs";
import { ensureInstalled } from "./bootstrap/install.mjs";
import { checkNode, taskPath } from "./bootstrap/node.mjs";
import { run } from "./bootstrap/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = ["node", "--conditions=source", "--disable-warning=ExperimentalWarning"];
const check = [
  ...["turbo", "run", "check:types", "check:lint", "check:imports", "check:proto", "check:gen"],
  // All that is wrong at once, each check's words together.
  ...["--filter=//", "--continue", "--log-order=grouped"],
];

/** What each task runs; arguments of the caller are appended to the last command. */
const tasks = {
  start: [[...node, "services/up/src/main.ts"]],
  check: [check],
  test: [check, ["vitest", "run"]],
  gen: [[...node, "scripts/gen.ts", "--write"]],
  build: [[...node, "scripts/build.ts", "--write"]],
  bench: [[...node, "test/bench/main.ts"]],
};

try {
  process.chdir(root);
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}

/** A failed check does not hide what the tests say: each command runs, unless a signal ended one. */
async function main([task = "", ...args]) {
  checkNode();
  const env = environment(await ensureInstalled(root));
  const commands = commandsOf(task);
  const failed = [];
  for (const [index, [command, ...own]] of commands.entries()) {
    const isLast = index === commands.length - 1;
    const { exitCode, signal } = await run(command, isLast ? [...own, ...args] : own, { env });
    if (signal !== undefined) return exitCode;
    if (exitCode !== 0) failed.push({ command, exitCode });
    if (isLast && exitCode === 0 && failed.length > 0)
      console.error("The checks failed: see above.");
  }
  return failed[0]?.exitCode ?? 0;
}

function commandsOf(task) {
  if (Object.hasOwn(tasks, task)) return tasks[task];
  const script = `scripts/${task}.ts`;
  if (/^[a-z][a-z-]*$/.test(task)) {
    if (existsSync(join(root, script))) return [[...node, script]];
    if (existsSync(join(root, "node_modules/.bin", task))) return [[task]];
  }
  const scripts = readdirSync(join(root, "scripts"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => name.slice(0, -".ts".length));
  const known = [...new Set([...Object.keys(tasks), ...scripts])].join(", ");
  throw new Failure(`There is no task ${task || "without a name"}. Known are: ${known}.`);
}

function environment(installed) {
  return {
    ...process.env,
    PATH: taskPath(root, installed),
    // Nothing that we start tells anybody else about it.
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
  };
}
