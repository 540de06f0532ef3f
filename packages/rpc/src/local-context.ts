import {
  type ContextValues,
  createContextKey,
  type HandlerContext,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";

/** On the clock of `performance`; undefined: the call has none. */
const endsAtMsKey = createContextKey<number | undefined>(undefined, { description: "deadline" });

/** Notes in a call's context values when its deadline is; undefined: it has none. */
export function setDeadline(values: ContextValues, timeoutMs: number | undefined): void {
  if (timeoutMs !== undefined) values.set(endsAtMsKey, performance.now() + timeoutMs);
}

/** Gives the handler's side of a call within the process. Its signal is made when asked for. */
export function contextOf(request: UnaryRequest | StreamRequest): HandlerContext {
  const { method, service, requestMethod, url, header, contextValues } = request;
  return {
    method,
    service,
    get signal() {
      return request.signal;
    },
    timeoutMs() {
      const endsAtMs = contextValues.get(endsAtMsKey);
      return endsAtMs === undefined ? undefined : endsAtMs - performance.now();
    },
    requestMethod,
    requestHeader: header,
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    protocolName: "local",
    values: contextValues,
    url,
  };
}
