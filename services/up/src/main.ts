import { fileURLToPath } from "node:url";
import { envReader, logger, openTracing, type Tracing } from "@posthorn/runtime";
import { usage } from "./args.ts";
import { readUpConfig } from "./config.ts";
import { linesOf } from "./refusal.ts";
import { terminal } from "./terminal.ts";
import { migrate, up } from "./up.ts";

/** A terminal signals every process of a command, and npm hands it on besides: that is one signal. */
const sameSignalMs = 500;
/** Beyond what the parts and the database are given to stop. */
const overrunMs = 30_000;

// Whoever read our output has gone (`npm start | head`): that is no reason to stop serving.
for (const output of [process.stdout, process.stderr]) output.on("error", () => {});

const demoFile = new URL("../../../deploy/providers/demo.yaml", import.meta.url);
const screen = terminal(process.stdout);
const stop = new AbortController();

if (process.argv.includes("--help")) screen.say(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  listenToSignals();
  let tracing: Tracing | undefined;
  try {
    const config = readUpConfig(process.env, { args: process.argv.slice(2), cwd: process.cwd() });
    const pretty = process.stderr.isTTY;
    // A person is told what matters by lines of its own.
    const level = config.logLevel ?? (pretty ? "warn" : "info");
    const log = logger({ name: "posthorn", level, pretty, destination: process.stderr });
    tracing = await openTracing({ env: envReader(process.env), log }, "posthorn");
    const run = config.migratesOnly ? migrate : up;
    await run(config, {
      log,
      tracing,
      terminal: screen,
      stop: stop.signal,
      demoFile: fileURLToPath(demoFile),
      onExit: (callback) => process.once("exit", callback),
    });
    if (!config.migratesOnly) screen.say("  Stopped.");
    return 0;
  } catch (error) {
    tell(error);
    return 1;
  } finally {
    await tracing?.close();
  }
}

function tell(error: unknown): void {
  screen.say();
  const lines = linesOf(error);
  if (lines === undefined) console.error("Posthorn has failed, by a defect of its own:", error);
  else console.error(lines.join("\n"));
}

function listenToSignals(): void {
  let firstAtMs: number | undefined;
  const onSignal = () => {
    if (firstAtMs !== undefined) {
      if (performance.now() - firstAtMs > sameSignalMs) process.exit(1);
      return;
    }
    firstAtMs = performance.now();
    screen.say("", "  Stopping ...");
    stop.abort();
    setTimeout(() => process.exit(1), overrunMs).unref();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
}
