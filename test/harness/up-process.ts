import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eventually } from "@posthorn/testkit";

const main = resolve(import.meta.dirname, "../../services/up/src/main.ts");
const startTimeoutMs = 60_000;

/** A `posthorn up` as a process of its own, on free ports. */
export interface UpProcess {
  readonly pid: number;
  /** What it has written so far, to standard output and to standard error. */
  stdout(): string;
  stderr(): string;
  /** Waits until the demo, or without it the banner, has been told. */
  ready(): Promise<void>;
  /** Where the REST API is; once ready. */
  baseUrl(): string;
  kill(signal: NodeJS.Signals): void;
  /** How it ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A data folder in the temporary folder. */
export interface Folder {
  readonly path: string;
  /** Starts a process on it. */
  start(options?: StartOptions): UpProcess;
  /** Ends what still runs on it, and removes it. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Gives a new data folder, which the user that Postgres runs as may pass through. */
export async function folder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "posthorn-up-"));
  await chmod(path, 0o755);
  const started: UpProcess[] = [];
  return {
    path,
    start(options = {}) {
      const process = startUp(path, options);
      started.push(process);
      return process;
    },
    async [Symbol.asyncDispose]() {
      for (const { kill } of started) kill("SIGTERM");
      await Promise.all(started.map(({ ended }) => ended));
      await rm(path, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function startUp(dataDir: string, { args = [], env = {} }: StartOptions): UpProcess {
  const child = spawn(
    process.execPath,
    ["--conditions=source", "--disable-warning=ExperimentalWarning", main, ...args],
    { env: { ...cleanEnv(dataDir), ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = { stdout: gather(child, "stdout"), stderr: gather(child, "stderr") };
  const ended = once(child, "close").then(([code, signal]) => signal ?? code);
  return {
    pid: child.pid ?? 0,
    stdout: output.stdout,
    stderr: output.stderr,
    ready: () =>
      eventually(
        () => {
          if (/Ctrl-C stops|did not get through/.test(output.stdout())) return;
          throw new Error(`not ready: ${output.stdout()}${output.stderr()}`);
        },
        { timeoutMs: startTimeoutMs },
      ),
    baseUrl: () => /http:\/\/\S+:\d+/.exec(output.stdout())?.[0] ?? "",
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/** Nothing of what the tests themselves were started with. */
function cleanEnv(dataDir: string): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  const ports = { POSTHORN_PORT: "0", POSTHORN_GRPC_PORT: "0" };
  return { PATH, HOME, ...ports, POSTHORN_DATA_DIR: dataDir };
}

function gather(child: ChildProcess, name: "stdout" | "stderr"): () => string {
  let text = "";
  child[name]?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  return () => text;
}
