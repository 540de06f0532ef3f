import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { isDeadline, untilAborted } from "../abort.ts";
import { CallEnd, onAbort, withEnd } from "../call-end.ts";
import { abortable, translateErrors } from "../stream.ts";

/**
 * Answers a call when its deadline passes, when its caller goes away or the server stops, whether
 * or not the handler listens to its signal; a unary call after `timeoutMs` at the latest.
 */
export function deadlineInterceptor({ timeoutMs }: { timeoutMs: number }): Interceptor {
  return (next) => (request) =>
    request.stream ? stream(next, request) : unary(next, request, timeoutMs);
}

type Next = Parameters<Interceptor>[0];

function unary(next: Next, request: UnaryRequest, timeoutMs: number): ReturnType<Next> {
  const end = new CallEnd();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end.end(tooLate()), timeoutMs);
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      clearTimeout(timer);
    };
    end.onEnd((reason) => {
      // Every call that is answered ends after that; an error for no one takes 5 µs.
      if (isSettled) return;
      settle();
      reject(fromAbort(reason));
    });
    onAbort(request, (reason) => end.end(reason));
    next(withEnd(request, end)).then(
      (answer) => {
        settle();
        resolve(answer);
      },
      (error: unknown) => {
        settle();
        reject(end.hasEnded ? fromAbort(error) : error);
      },
    );
  });
}

async function stream(next: Next, request: StreamRequest) {
  const { signal } = request;
  const translate = (error: unknown) => (signal.aborted ? fromAbort(error) : error);
  try {
    const response = await untilAborted(signal, next(request));
    if (!response.stream) return response;
    const message = translateErrors(abortable(response.message, signal), translate);
    return { ...response, message };
  } catch (error) {
    throw translate(error);
  }
}

function tooLate(cause?: unknown): AppError {
  return new AppError("deadline", "the call took longer than its deadline", { cause });
}

/** What an aborted call throws: usually the signal's reason, or an AbortError made of it. */
function fromAbort(error: unknown): unknown {
  if (isDeadline(error)) return tooLate(error);
  if (error instanceof AppError || error instanceof ConnectError) return error;
  return new ConnectError("the call was canceled", Code.Canceled, undefined, undefined, error);
}
