import { setTimeout as sleep } from "node:timers/promises";

/** How a run is repeated. */
export interface RetryingOptions {
  /** Whether another run may succeed; what is not transient is thrown at once. */
  isTransient(error: unknown): boolean;
  /** Ends the waiting with an AbortError. */
  readonly stop: AbortSignal;
  /** The wait before each further run; when they are used up, the last error is thrown. */
  readonly delaysMs?: readonly number[];
  /** Told of every error that is followed by another run. */
  onRetry?(error: unknown): void;
}

/** Half a minute in all: longer than a Postgres or broker restart takes. */
const defaultDelaysMs = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000];

/** Runs until it succeeds, fails for good, or the waits are used up; gives what it gave. */
export async function retrying<T>(run: () => Promise<T>, options: RetryingOptions): Promise<T> {
  for (const delayMs of options.delaysMs ?? defaultDelaysMs) {
    try {
      return await run();
    } catch (error) {
      if (!options.isTransient(error)) throw error;
      options.stop.throwIfAborted();
      options.onRetry?.(error);
    }
    await sleep(delayMs, undefined, { signal: options.stop });
  }
  return await run();
}
