import { setTimeout as sleep } from "node:timers/promises";

const timeoutMsDefault = 10_000;
const firstDelayMs = 5;
const delayMsMax = 100;

/**
 * Runs `check` until it does not throw, and gives what it gave. At the deadline (default 10 s) it
 * throws, with the last failure in its message and as its cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = timeoutMsDefault }: { timeoutMs?: number } = {},
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, delayMsMax)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() + delayMs > deadlineMs) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`not within ${timeoutMs} ms: ${reason}`, { cause: error });
      }
    }
    await sleep(delayMs);
  }
}
