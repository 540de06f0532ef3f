import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A process of ours under test. */
export interface Child {
  readonly pid: number;
  isRunning(): boolean;
  /** Everything that it has written so far, both streams. */
  output(): string;
  /** Waits until its output holds the text. Throws with the output when it ends or takes too long. */
  says(text: string, timeoutMs?: number): Promise<void>;
  /** Waits until it ends by itself and gives the exit code. */
  ended(): Promise<number | null>;
  /** Sends a signal, waits for the end and gives the exit code; null when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts one of the repository's programs by the node that runs the tests. */
export function startChild(options: {
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}): Child {
  const root = new URL("../..", import.meta.url).pathname;
  const args = ["--conditions=source", `${root}${options.script}`, ...(options.args ?? [])];
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: options.cwd ?? root,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.script} could not be started`);
  const output = collect(child);
  return {
    pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    output: output.text,
    says: (text, timeoutMs = 60_000) => says(child, output, text, timeoutMs),
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      return child.exitCode;
    },
    async end(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}

interface Output {
  text(): string;
  onChange: () => void;
}

function collect(child: ChildProcess): Output {
  const chunks: string[] = [];
  const output: Output = { text: () => chunks.join(""), onChange: () => {} };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      chunks.push(chunk);
      output.onChange();
    });
  }
  return output;
}

async function says(
  child: ChildProcess,
  output: Output,
  text: string,
  timeoutMs: number,
): Promise<void> {
  const said = Promise.withResolvers<void>();
  const fail = (why: string) =>
    said.reject(new Error(`the process ${why} without saying "${text}":\n${output.text()}`));
  const timer = setTimeout(() => fail(`ran ${timeoutMs} ms`), timeoutMs);
  const onExit = () => fail("ended");
  child.once("exit", onExit);
  output.onChange = () => output.text().includes(text) && said.resolve();
  output.onChange();
  try {
    await said.promise;
  } finally {
    clearTimeout(timer);
    child.off("exit", onExit);
  }
}
