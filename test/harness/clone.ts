import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What a command did. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with our bootstrap, where npx and the tools that it installs are stand-ins. */
export interface Clone {
  readonly path: string;
  /** How often something was installed. */
  installCount(): number;
  write(name: string, text: string): void;
  /** Runs a task; `NPX_SAYS` makes npx fail with that text. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Ran;
  /** Starts a task, sends its whole process group a signal once it says the text, and waits. */
  interrupt(
    args: readonly string[],
    options: { said: string; signal: NodeJS.Signals },
  ): Promise<Ran>;
  [Symbol.dispose](): void;
}

const tool = (name: string) => `#!/bin/sh\necho ${name} "$@"\ntest ! -e fail-${name}\n`;

/** Tells of each run, and installs a node and the tools, as pnpm would. */
const npx = `#!/bin/sh
echo run >> npx-runs
if [ -n "$NPX_SAYS" ]; then echo "$NPX_SAYS" >&2; exit 1; fi
mkdir -p node_modules/.bin
cp tools/* node_modules/.bin
echo "$PWD/bin/pnpm"
`;

/** Stands for `posthorn up`: waits for a signal, and ends with a code of its own. */
const main = `
let count = 0;
process.on("SIGINT", () => { count++; setTimeout(() => process.exit(7), 300); });
process.on("exit", () => console.log("heard at least one:", count > 0));
setInterval(() => {}, 1_000);
console.log("started", process.argv.slice(2).join(" "), process.versions.node.split(".")[0]);
if (process.argv.includes("--fail")) process.exit(9);
`;

/** Makes one in the temporary folder. */
export function clone(): Clone {
  const path = mkdtempSync(join(tmpdir(), "posthorn-clone-"));
  const root = new URL("../..", import.meta.url).pathname;
  const write = (name: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text, { mode });
  };
  cpSync(join(root, "scripts"), join(path, "scripts"), { recursive: true });
  write("package.json", '{ "type": "module" }');
  write("pnpm-lock.yaml", "lockfileVersion: 9");
  write("services/up/src/main.ts", main);
  write("bin/npx", npx, 0o755);
  write("bin/pnpm", "", 0o755);
  write("tools/node", `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, 0o755);
  for (const name of ["turbo", "vitest"]) write(`tools/${name}`, tool(name), 0o755);
  const command = (args: readonly string[]) => [join(path, "scripts/bootstrap.mjs"), ...args];
  const env = { PATH: [join(path, "bin"), process.env["PATH"]].join(delimiter) };
  return {
    path,
    write,
    installCount: () => readFileSync(join(path, "npx-runs"), "utf8").trim().split("\n").length,
    run(args, more = {}) {
      const options = { encoding: "utf8", env: { ...env, ...more } } as const;
      return spawnSync(process.execPath, command(args), options);
    },
    async interrupt(args, { said, signal }) {
      const child = spawn(process.execPath, command(args), { env, detached: true });
      const output = { stdout: "", stderr: "" };
      let isSent = false;
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        output.stderr += text;
      });
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output.stdout += text;
        if (isSent || !output.stdout.includes(said) || child.pid === undefined) return;
        isSent = true;
        process.kill(-child.pid, signal);
      });
      const [status] = await once(child, "close");
      return { status, ...output };
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
