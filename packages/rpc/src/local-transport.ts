import { create, type DescMethod, type MessageShape } from "@bufbuild/protobuf";
import {
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type StreamRequest,
  type Transport,
  type UnaryRequest,
} from "@connectrpc/connect";
import {
  invokeUnaryImplementation,
  runStreamingCall,
  transformInvokeImplementation,
} from "@connectrpc/connect/protocol";
import { localCall } from "./local-call.ts";
import { localRoutes } from "./local-routes.ts";
import type { Routes } from "./routes.ts";
import { abortable } from "./stream.ts";

/** What stands around the implementations. */
export interface LocalTransportOptions {
  /** The server's interceptors, as `rpcServer` has them. */
  readonly interceptors: Interceptor[];
}

/**
 * Calls services of the same process through their server interceptors, without HTTP and without
 * serialising: messages are handed over as they are, so neither side may change one afterwards.
 * Headers, deadlines, cancellation and errors behave as over the network.
 */
export function localTransport(routes: Routes, { interceptors }: LocalTransportOptions): Transport {
  const implementationOf = localRoutes(routes);
  return {
    async unary(method, signal, timeoutMs, header, input, values) {
      const spec = implementationOf(method);
      if (spec.kind !== "unary") throw new Error(`${method.toString()} is no unary method`);
      return await localCall({ signal, timeoutMs }, async (callSignal) => {
        const call = { ...requestOf(method, header, values), method, signal: callSignal };
        const context = contextOf(call, timeoutMs);
        const message = create(method.input, input);
        const answer = await invokeUnaryImplementation(spec, context, message, interceptors);
        // The implementation was found by this very method, so it answers in its type.
        return {
          stream: false,
          method,
          message: answer as MessageShape<typeof method.output>,
          ...responseOf(context),
        } as const;
      });
    },
    async stream(method, signal, timeoutMs, header, input, values) {
      const invokeWith = implementationOf(method);
      return await runStreamingCall({
        ...callOptions(signal, timeoutMs),
        req: { stream: true, method, message: input, ...requestOf(method, header, values) },
        async next(request) {
          const context = contextOf(request, timeoutMs);
          const invoke = transformInvokeImplementation(invokeWith, context, interceptors);
          const messages = invoke(request.message) as AsyncIterable<
            MessageShape<typeof method.output>
          >;
          const message = await fromFirst(abortable(messages, request.signal));
          return { stream: true, method, message, ...responseOf(context) };
        },
      });
    },
  };
}

function callOptions(signal: AbortSignal | undefined, timeoutMs: number | undefined) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function requestOf(
  method: DescMethod,
  header: ConstructorParameters<typeof Headers>[0],
  values = createContextValues(),
) {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: `local:/${method.parent.typeName}/${method.name}`,
    header: new Headers(header),
    contextValues: values,
  };
}

/** The server's side of a call; the client's context values stay on the client's side. */
function contextOf(
  {
    method,
    service,
    signal,
    requestMethod,
    url,
    header,
  }: Pick<
    UnaryRequest | StreamRequest,
    "method" | "service" | "signal" | "requestMethod" | "url" | "header"
  >,
  timeoutMs: number | undefined,
): HandlerContext {
  const endsAtMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  return {
    method,
    service,
    signal,
    timeoutMs: () => (endsAtMs === undefined ? undefined : endsAtMs - performance.now()),
    requestMethod,
    requestHeader: header,
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    protocolName: "local",
    values: createContextValues(),
    url,
  };
}

function responseOf(context: HandlerContext) {
  const { service, responseHeader: header, responseTrailer: trailer } = context;
  return { service, header, trailer };
}

/**
 * Gives the messages once the first of them, or the end, is there: as over the network, that is
 * when headers are final.
 */
async function fromFirst<T>(messages: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = messages[Symbol.asyncIterator]();
  let first: IteratorResult<T> | undefined = await iterator.next();
  const next = () => {
    if (first === undefined) return iterator.next();
    const result = Promise.resolve(first);
    first = undefined;
    return result;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
