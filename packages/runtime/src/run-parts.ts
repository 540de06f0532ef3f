import type { Logger } from "./logger.ts";
import { type Part, untilStopped } from "./part.ts";

/** How the parts of a process are run. */
export interface RunPartsOptions {
  /** Stops all parts when it aborts. */
  readonly stop: AbortSignal;
  /** How long all parts together may take to stop. */
  readonly stopTimeoutMs: number;
  readonly log?: Logger;
}

interface Running {
  readonly name: string;
  readonly stop: AbortController;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

interface Halt {
  readonly signal: AbortSignal;
  /** Notes a failure, if there is one, and stops all parts. */
  now(failure?: Error): void;
}

/**
 * Runs the parts of a process until `stop` aborts or one of them ends by itself. They start in
 * order, each when the one before is ready, and stop in reverse. Throws one AggregateError with
 * everything that failed, in cleaning up and by overrunning `stopTimeoutMs` too.
 */
export async function runParts(parts: readonly Part[], options: RunPartsOptions): Promise<void> {
  const failures: Error[] = [];
  const halted = new AbortController();
  const halt: Halt = {
    signal: halted.signal,
    now(failure) {
      if (failure !== undefined) failures.push(failure);
      halted.abort();
    },
  };
  const onStop = () => halt.now();
  options.stop.addEventListener("abort", onStop);
  if (options.stop.aborted) onStop();
  const running = await startInOrder(parts, halt, options.log);
  await untilStopped(halt.signal);
  options.stop.removeEventListener("abort", onStop);
  await stopInReverse(running, halt, options);
  if (failures.length > 0) {
    throw new AggregateError(failures, failures.map((failure) => failure.message).join("; "));
  }
}

async function startInOrder(parts: readonly Part[], halt: Halt, log?: Logger): Promise<Running[]> {
  const running: Running[] = [];
  for (const part of parts) {
    if (halt.signal.aborted) break;
    const started = start(part, halt);
    running.push(started);
    await Promise.race([started.ready, untilStopped(halt.signal)]);
    if (!halt.signal.aborted) log?.info({ part: part.name }, "part is ready");
  }
  return running;
}

function start(part: Part, halt: Halt): Running {
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const ended = runToEnd(part, stop.signal, ready.resolve).then((failure) => {
    if (failure !== undefined) halt.now(failure);
  });
  return { name: part.name, stop, ready: ready.promise, ended };
}

async function runToEnd(
  part: Part,
  stop: AbortSignal,
  ready: () => void,
): Promise<Error | undefined> {
  try {
    await part.run(stop, ready);
    return stop.aborted ? undefined : new Error(`part ${part.name} ended by itself`);
  } catch (cause) {
    if (stop.aborted && isAbort(cause, stop)) return undefined;
    const text = cause instanceof Error ? cause.message : String(cause);
    return new Error(`part ${part.name} failed: ${text}`, { cause });
  }
}

function isAbort(error: unknown, stop: AbortSignal): boolean {
  return error === stop.reason || (error instanceof Error && error.name === "AbortError");
}

async function stopInReverse(
  running: readonly Running[],
  halt: Halt,
  { stopTimeoutMs, log }: RunPartsOptions,
): Promise<void> {
  const left = [...running];
  const overrun = new AbortController();
  const timer = setTimeout(() => overrun.abort(), stopTimeoutMs);
  for (let last = left.at(-1); last !== undefined; last = left.at(-1)) {
    last.stop.abort();
    await Promise.race([last.ended, untilStopped(overrun.signal)]);
    if (overrun.signal.aborted) break;
    log?.info({ part: last.name }, "part has stopped");
    left.pop();
  }
  clearTimeout(timer);
  if (left.length === 0) return;
  for (const part of left) part.stop.abort();
  const names = left.map((part) => part.name).join(", ");
  halt.now(new Error(`not stopped within ${stopTimeoutMs} ms: ${names}`));
}
