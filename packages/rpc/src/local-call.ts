import { Code, ConnectError } from "@connectrpc/connect";
import { CallEnd } from "./call-end.ts";

/** How a call ends that has been answered: whoever still works for it may stop. */
const answered = new Error("the call has been answered");

/**
 * Runs one call under an end of its own, which comes when the caller's signal aborts, at the
 * deadline, and when the call was answered. Rejects with a ConnectError as soon as one of the first
 * two comes, whether or not `run` heeds it. As Connect's own `runUnaryCall`, at a fraction of its
 * cost: that makes an exception with a stack trace for each call that ends well.
 */
export function localCall<T>(
  { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number | undefined },
  run: (end: CallEnd) => Promise<T>,
): Promise<T> {
  const call = new CallEnd();
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => fail(ConnectError.from(signal?.reason, Code.Canceled));
    const onDeadline = () => {
      fail(new ConnectError("the operation timed out", Code.DeadlineExceeded));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onDeadline, timeoutMs);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) return onAbort();
    if (timeoutMs !== undefined && timeoutMs <= 0) return onDeadline();
    run(call).then(
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
      call.end(reason);
    }
  });
}
