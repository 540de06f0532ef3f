import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { expect, test } from "vitest";
import type { Environment } from "./environment.ts";
import { program, runCli } from "./program.ts";

/** Runs a command line in this process; gives what it wrote. It has no profile and no server. */
async function run(...args: readonly string[]) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const environment: Environment = {
    env: { POSTHORN_CONFIG_DIR: "/nonexistent", POSTHORN_SERVER: "http://127.0.0.1:1" },
    workingDir: "/nonexistent",
    node: process.execPath,
    stdin: (async function* () {})(),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    stop: new AbortController().signal,
    now: () => new Date(0),
    run: async () => 0,
  };
  return { exitCode: await runCli(args, environment), ...written };
}

/** Every command that does something, by its words. */
function leaves(command: Command, words: readonly string[] = []): string[][] {
  if (command.commands.length === 0) return [[...words]];
  return command.commands.flatMap((one) => leaves(one, [...words, one.name()]));
}

const tree = program({} as Environment, () => async () => {});
const commands = leaves(tree);

test.each(commands.map((words) => [words.join(" "), words] as const))(
  "posthorn %s explains itself with examples",
  async (_, words) => {
    const { exitCode, stdout } = await run(...words, "--help");
    expect(exitCode).toBe(0);
    const [, examples = ""] = stdout.split("Examples:\n");
    expect(examples).toContain(`posthorn ${words.join(" ")}`);
  },
);

test("every command stands in docs/cli.md, and no other", () => {
  const docs = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
  const [, table = ""] = docs.split("## Commands");
  const named = [...table.matchAll(/^\| `([a-z -]+)/gm)].map(([, name = ""]) => name.trim());
  expect(named.toSorted()).toEqual(commands.map((words) => words.join(" ")).toSorted());
});

test.each([
  [
    ["webhooks", "regster"],
    "Unknown command 'regster' (Did you mean register?) See posthorn webhooks --help.\n",
  ],
  [
    ["webhooks", "list", "--limt", "5"],
    "Unknown option '--limt' (Did you mean --limit?) See posthorn webhooks list --help.\n",
  ],
  [
    ["webhooks", "register"],
    "Required option '--url <url>' not specified. See posthorn webhooks register --help.\n",
  ],
  [["webhooks", "get"], "Missing required argument 'id'. See posthorn webhooks get --help.\n"],
  [
    ["deliveries", "list", "--after", "yesterday"],
    "Option '--after <time>' argument 'yesterday' is invalid. It must be a time such as 2026-11-21T13:00:00Z, a date, or how long ago: 2h, 7d. See posthorn deliveries list --help.\n",
  ],
])("refuses %j in one line", async (args, stderr) => {
  expect(await run(...args)).toEqual({ exitCode: 2, stdout: "", stderr });
});

test("tells programs of a wrong command line as JSON", async () => {
  const { stderr, exitCode } = await run("webhooks", "get", "--json");
  expect(exitCode).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ error: { reason: "usage", exitCode: 2 } });
});

test.each([
  ["posthorn web", ["webhooks"]],
  ["posthorn webhooks re", ["register", "resume"]],
  ["posthorn --profile x webhooks register --na", ["--name"]],
  ["posthorn deliveries list --stat", ["--state", "--status"]],
])("bash completes %j", async (line, words) => {
  const { stdout } = await run("completion", "bash");
  const typed = line.split(" ");
  const asked = `${stdout}
COMP_WORDS=(${typed.join(" ")}); COMP_CWORD=${typed.length - 1}; _posthorn; echo "\${COMPREPLY[@]}"`;
  const completed = execFileSync("bash", ["-c", asked], { encoding: "utf8" });
  expect(completed.trim().split(" ")).toEqual(words);
});

test.each(["zsh", "fish"])(
  "%s gets every command and option, with what it is for",
  async (shell) => {
    const { stdout, exitCode } = await run("completion", shell);
    expect(exitCode).toBe(0);
    for (const word of ["register", "rotate", "complete-sync"]) expect(stdout).toContain(word);
    expect(stdout).toContain("send example events now and show the answers");
  },
);
