import { ExchangeError } from "./outcome.ts";

/** Calls back when a signal aborts, soon if it has already; gives what ends the listening. */
export function onStop(signal: AbortSignal, stopped: (error: ExchangeError) => void): () => void {
  const listener = () => stopped(new ExchangeError("deadline", "the exchange was given up"));
  signal.addEventListener("abort", listener);
  if (signal.aborted) queueMicrotask(listener);
  return () => signal.removeEventListener("abort", listener);
}

/** Waits for a promise, but no longer than until a signal aborts. */
export async function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const forget = onStop(signal, reject);
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    forget();
    stopped.catch(() => {});
  }
}
