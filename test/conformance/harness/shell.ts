import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a command line of a page got as its answer. */
export interface CurlAnswer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly body: any;
}

/**
 * Runs a curl line of a page by bash and the machine's curl, as it stands but for what the reader
 * fills in: each text of `places`, the host name among them, is replaced by its value, and must be
 * there.
 */
export async function curl(
  command: string,
  places: Readonly<Record<string, string>>,
): Promise<CurlAnswer> {
  const quiet =
    "curl() { command curl --silent --show-error --write-out '\\n%{http_code}' \"$@\"; }";
  const { stdout } = await run("bash", ["-c", `${quiet}\n${filled(command, places)}`], {
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const end = stdout.lastIndexOf("\n");
  const text = stdout.slice(0, end);
  return { status: Number(stdout.slice(end + 1)), text, body: text === "" ? "" : JSON.parse(text) };
}

/** Fills a text in; throws where a place is not in it. */
export function filled(text: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((one, [place, value]) => {
    if (!one.includes(place)) throw new Error(`${place} is not in: ${one}`);
    return one.replaceAll(place, value);
  }, text);
}

/** Runs a program with a text on its standard input; gives what it wrote. Throws unless it ends with 0. */
export async function runProgram(
  command: string,
  args: readonly string[],
  input: Uint8Array | string,
): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // It ended before it had read all: its exit code tells.
  child.stdin.end(input);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const code = child.exitCode ?? (await new Promise((resolve) => child.once("exit", resolve)));
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
  return Buffer.concat(chunks).toString();
}
