import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Span, Tracing } from "@posthorn/runtime";
import { tellEnd } from "../stream.ts";

const header = "traceparent";
/** What our services ask each other all the time would bury what callers ask. */
const internalPrefix = "posthorn.internal.";

/**
 * Makes every call of a public service a span: what the caller names in `traceparent` leads to it,
 * and the handler sees the span there in its place, so that what it does follows from the span.
 */
export function traceInterceptor(tracing: Tracing): Interceptor {
  return (next) => async (request) => {
    const { typeName } = request.service;
    if (typeName.startsWith(internalPrefix)) return await next(request);
    const method = `${typeName}/${request.method.name}`;
    const span = tracing.start(method, {
      kind: "server",
      parent: request.header.get(header) ?? "",
      attributes: { "rpc.system": "connect_rpc", "rpc.method": method },
    });
    request.header.set(header, span.traceparent);
    try {
      const response = await next(request);
      if (!response.stream) {
        span.end();
        return response;
      }
      const end = (error: unknown) => endSpan(span, error);
      return { ...response, message: tellEnd(response.message, end) };
    } catch (error) {
      endSpan(span, error);
      throw error;
    }
  };
}

function endSpan(span: Span, error: unknown): void {
  if (error === undefined) {
    span.end();
    return;
  }
  const { code, rawMessage } = ConnectError.from(error, Code.Internal);
  span.end({ "rpc.response.status_code": Code[code] }, rawMessage);
}
