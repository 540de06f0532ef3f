import { Code, ConnectError } from "@connectrpc/connect";

/** What a call's signal says once the call has been answered: whoever still works for it may stop. */
const answered = new Error("the call has been answered");

/**
 * Runs one call under a signal of its own, which aborts when the caller's does, at the deadline,
 * and when the call has ended. Rejects with a ConnectError as soon as one of the first two comes,
 * whether or not `run` heeds the signal. As Connect's own `runUnaryCall`, at a third of its cost:
 * that makes an exception with a stack trace for each call that ends well.
 */
export function localCall<T>(
  { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number | undefined },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => fail(ConnectError.from(signal?.reason, Code.Canceled));
    const onDeadline = () => {
      fail(new ConnectError("the operation timed out", Code.DeadlineExceeded));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onDeadline, timeoutMs);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) return onAbort();
    if (timeoutMs !== undefined && timeoutMs <= 0) return onDeadline();
    run(call.signal).then(
      (answer) => {
        end(answered);
        resolve(answer);
      },
      (reason: unknown) => fail(ConnectError.from(reason)),
    );

    function fail(error: ConnectError): void {
      end(error);
      reject(error);
    }

    function end(reason: Error): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      call.abort(reason);
    }
  });
}
