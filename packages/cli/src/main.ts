import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./failure.ts";
import { runCli } from "./program.ts";

const stop = new AbortController();

// Whoever read our output has gone (`posthorn events list | head`): there is nothing left to say.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
  });
}
// The first one ends what goes on and lets it tell how far it is; the second one ends the program.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
    if (!isPatient) setTimeout(() => process.exit(exitCodes.interrupted), graceMs).unref();
  });
}

/** What a single call is given to end by itself. */
const graceMs = 2_000;
/** While another program of ours runs on this terminal, it hears the signal, too. */
let isPatient = false;

const environment: Environment = {
  env: process.env,
  workingDir: process.cwd(),
  node: process.execPath,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  stop: stop.signal,
  now: () => new Date(),
  async run([command = "", ...args]) {
    isPatient = true;
    const child = spawn(command, args, { stdio: "inherit" });
    stop.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    const [code] = await once(child, "exit");
    return typeof code === "number" ? code : exitCodes.interrupted;
  },
};

try {
  process.exitCode = await runCli(process.argv.slice(2), environment);
} catch (error) {
  console.error("posthorn has failed, by a defect of its own:", error);
  process.exitCode = exitCodes.refused;
}
