import { ConfigError, type EnvReader, envReader } from "./env.ts";
import { type Logger, logger } from "./logger.ts";
import { type Metrics, metrics } from "./metrics.ts";
import type { Part } from "./part.ts";
import { runParts } from "./run-parts.ts";
import { openTracing, type Tracing } from "./tracing.ts";

/** What a process is composed from. */
export interface ProcessContext {
  readonly env: EnvReader;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
}

/** A service, ready to run. */
export interface Composed {
  readonly parts: readonly Part[];
  /** Brings the service's schema up to date, for services that have one. */
  migrate?(): Promise<void>;
  /** What else the program does, by its first argument, with the others, instead of serving. */
  readonly commands?: Readonly<Record<string, (args: readonly string[]) => Promise<void>>>;
  /** Lets go of what the parts used; called at the end, whatever came of them. */
  close(): Promise<void>;
}

/** A service as a process of its own. */
export interface ProcessOptions {
  readonly name: string;
  readonly process: NodeJS.Process;
  /** Reads the configuration, and gives the parts to run and what to let go of at the end. */
  compose(context: ProcessContext): Promise<Composed>;
}

const stopTimeoutMs = 30_000;

/**
 * Runs a service until SIGTERM or SIGINT; a second signal ends the process at once with 1. With
 * the argument `migrate` it only brings the schema up to date. What fails is logged and leaves
 * exit code 1. `POSTHORN_LOG_LEVEL` says what is logged.
 */
export async function runProcess({ name, process, compose }: ProcessOptions): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? process.exit(1) : stop.abort());
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  const env = envReader(process.env);
  const log = logger({ name, level: env.text("POSTHORN_LOG_LEVEL", { default: "info" }) });
  let tracing: Tracing | undefined;
  try {
    tracing = await openTracing({ env, log }, `posthorn-${name}`);
    const context = { env, log, metrics: metrics({ processMetrics: true }), tracing };
    const service = await compose(context);
    const run = command(service, process.argv.slice(2)) ?? (() => serve(service, stop.signal, log));
    await run().finally(() => service.close());
  } catch (error) {
    if (error instanceof ConfigError) log.fatal({ problems: error.problems }, "bad configuration");
    else log.fatal({ err: error }, "the process failed");
    process.exitCode = 1;
  }
  await tracing?.close();
}

function command({ migrate, commands }: Composed, [name, ...args]: readonly string[]) {
  if (name === undefined) return undefined;
  const all: Composed["commands"] = { ...(migrate && { migrate }), ...commands };
  const found = all[name];
  if (!found) throw new Error(`there is no command ${name}`);
  return () => found(args);
}

function serve({ parts }: Composed, stop: AbortSignal, log: Logger): Promise<void> {
  return runParts(parts, { stop, stopTimeoutMs, log });
}
