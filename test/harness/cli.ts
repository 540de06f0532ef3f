import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@posthorn/testkit";

/** What a run of the command line came to. */
export interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it printed for programs. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly json: any;
}

/** A run that goes on, such as `listen`. */
export interface LongRun {
  readonly child: ChildProcess;
  /** Waits until one of its outputs holds the text. */
  says(text: string): Promise<void>;
  /** Sends Ctrl-C and waits for its end. */
  stop(): Promise<Run>;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line with a folder of its own for profiles, and files in it. */
export interface Cli {
  /** Where it runs, and keeps its profiles. */
  readonly folder: string;
  (args: readonly string[], options?: RunOptions): Promise<Run>;
  start(args: readonly string[], options?: RunOptions): LongRun;
  [Symbol.dispose](): void;
}

const root = new URL("../..", import.meta.url).pathname;

/** The program, as a shell runs it. */
export const posthornCommand = [
  process.execPath,
  ...["--conditions=source", "--disable-warning=ExperimentalWarning"],
  `${root}packages/cli/src/main.ts`,
] as const;

/** Bundles the program into a folder, where it starts in a fifth of the time; gives how to run it. */
export function bundledPosthorn(folder: string): readonly string[] {
  const build = [
    "--conditions=source",
    `${root}scripts/build.ts`,
    "--write",
    "cli",
    "--to",
    folder,
  ];
  execFileSync(process.execPath, build, { cwd: root, stdio: "pipe" });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return [process.execPath, join(folder, "main.js")];
}

/** Gives a command line that knows no Posthorn but the one that `env` names. */
export function cli(
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = posthornCommand,
): Cli {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-cli-"));
  const running = new Set<ChildProcess>();
  const start = (args: readonly string[], options: RunOptions = {}) => {
    const own = { POSTHORN_CONFIG_DIR: folder, ...env, ...options.env };
    const begun = begin([...command, ...args], { folder, env: own, stdin: options.stdin ?? "" });
    running.add(begun.child);
    begun.child.once("exit", () => running.delete(begun.child));
    return begun;
  };
  const run = (args: readonly string[], options?: RunOptions) => start(args, options).ended();
  return Object.assign(run, {
    folder,
    start,
    [Symbol.dispose]() {
      for (const child of running) child.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

function begin(
  [program = "", ...args]: readonly string[],
  { folder, env, stdin }: { folder: string; env: Readonly<Record<string, string>>; stdin: string },
): LongRun & { ended(): Promise<Run> } {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out = { stdout: "", stderr: "" };
  child.stdin.on("error", () => {}); // It may end before it has read all of it.
  child.stdin.end(stdin);
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      out[name] += text;
    });
  }
  const closed = once(child, "close");
  const ended = async (): Promise<Run> => {
    await closed;
    return { exitCode: child.exitCode, ...out, json: parsed(out.stdout) };
  };
  return {
    child,
    ended,
    says: (text) =>
      eventually(
        async () => {
          const all = out.stdout + out.stderr;
          if (!all.includes(text)) throw new Error(`it does not say "${text}", but:\n${all}`);
        },
        { timeoutMs: 30_000 },
      ),
    async stop() {
      child.kill("SIGINT");
      return await ended();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
