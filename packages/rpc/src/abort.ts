import { Code, ConnectError } from "@connectrpc/connect";

/** Waits for a promise, or rejects with the signal's reason as soon as it aborts. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Gives a promise's state a listener, so that nobody having waited for it is no crash. */
export function ignoreRejection(promise: Promise<unknown> | undefined): void {
  promise?.catch(() => {
    // Whoever aborted has been told already; a later failure has no one left to hear it.
  });
}

/** Tells whether an error is how a deadline of Connect looks. */
export function isDeadline(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.DeadlineExceeded;
}
