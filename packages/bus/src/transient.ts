import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";
import type { Logger } from "@posthorn/runtime";

/** Beside what `isUnavailable` knows: rolled back, cancelled by a time-out, lock not had, disk. */
const transientSqlStates = /^(40|58|57014|55P03)/;
const queryTimeoutMessage = "Query read timeout";
const retriesExceededName = "KafkaJSNumberOfRetriesExceeded";

/** Whether the same may succeed later: a server of ours was away or busy. Looks at causes too. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AppError)
    return error.reason === "unavailable" || error.reason === "deadline";
  if (isUnavailable(error) || error.message === queryTimeoutMessage) return true;
  if (error.name === retriesExceededName) return true;
  const { code, retriable } = error as { code?: unknown; retriable?: unknown };
  const isRollback = typeof code === "string" && transientSqlStates.test(code);
  return isRollback || retriable === true || isTransient(error.cause);
}

/** Whether the error is no more than what stopping does to work under way. */
export function isEnd(error: unknown, stop: AbortSignal): boolean {
  if (!stop.aborted) return false;
  const isAbort = error === stop.reason || (error instanceof Error && error.name === "AbortError");
  return isAbort || isTransient(error);
}

const backoffFirstMs = 100;
const backoffMaxMs = 5_000;

/**
 * Runs again, with growing waits of at most five seconds, as long as it fails transiently. Throws
 * what is not transient, and the last error once `stop` aborts.
 */
export async function untilDone<T>(
  run: () => Promise<T>,
  { stop, log, doing }: { stop: AbortSignal; log: Logger; doing: string },
): Promise<T> {
  for (let delayMs = backoffFirstMs; ; delayMs = Math.min(delayMs * 2, backoffMaxMs)) {
    try {
      return await run();
    } catch (error) {
      if (!isTransient(error) || stop.aborted) throw error;
      log.warn({ err: error, delayMs }, `${doing}: trying again`);
    }
    await sleep(delayMs, undefined, { signal: stop });
  }
}
