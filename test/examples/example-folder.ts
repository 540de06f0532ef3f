import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A copy of an example, as it is after `npm install`. */
export interface ExampleFolder {
  /** Starts one of its scripts; its output is piped. */
  start(script: string, options?: StartOptions): ChildProcess;
  /** Runs one of its scripts to its end and gives what it wrote; throws unless it ends with 0. */
  run(script: string, options?: StartOptions): Promise<string>;
  remove(): void;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Copies the scripts of an example beside the packages that the tests have, too. */
export function exampleFolder(name: string): ExampleFolder {
  const root = new URL("../..", import.meta.url).pathname;
  const path = mkdtempSync(join(tmpdir(), "posthorn-example-"));
  const isOurs = (source: string) => !source.endsWith("/node_modules");
  cpSync(join(root, "examples", name), path, { recursive: true, filter: isOurs });
  symlinkSync(join(root, "test/node_modules"), join(path, "node_modules"));
  const start: ExampleFolder["start"] = (script, { args = [], env = {} } = {}) =>
    spawn(process.execPath, [join(path, script), ...args], {
      cwd: path,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    start,
    async run(script, options) {
      const child = start(script, options);
      const ended = once(child, "close");
      const output = Promise.all([child.stdout, child.stderr].map((one) => (one ? text(one) : "")));
      const [code] = await ended;
      if (code !== 0) throw new Error(`${script} ended with ${code}: ${(await output).join("")}`);
      return (await output).join("");
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
