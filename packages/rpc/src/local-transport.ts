import { create, type DescMethod, type MessageShape } from "@bufbuild/protobuf";
import {
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { runStreamingCall, transformInvokeImplementation } from "@connectrpc/connect/protocol";
import { withEnd } from "./call-end.ts";
import { localCall } from "./local-call.ts";
import { contextOf, setDeadline } from "./local-context.ts";
import { localRoutes } from "./local-routes.ts";
import { type InvokeUnary, unaryInvoker } from "./local-unary.ts";
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
  const invokers = new Map<DescMethod, InvokeUnary>();
  const invokerOf = (method: DescMethod): InvokeUnary => {
    const known = invokers.get(method);
    if (known !== undefined) return known;
    const spec = implementationOf(method);
    if (spec.kind !== "unary") throw new Error(`${method.toString()} is no unary method`);
    const invoke = unaryInvoker(spec, interceptors);
    invokers.set(method, invoke);
    return invoke;
  };
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const invoke = invokerOf(method);
      const answer = await localCall({ signal, timeoutMs }, (end) => {
        const message = create(method.input, input);
        const request = { stream: false, message, method, ...requestOf(method, header) } as const;
        setDeadline(request.contextValues, timeoutMs);
        return invoke(withEnd(request, end));
      });
      // The implementation was found by this very method, so it answers in its type.
      return { ...answer, method, message: answer.message as MessageShape<typeof method.output> };
    },
    async stream(method, signal, timeoutMs, header, input, values) {
      const invokeWith = implementationOf(method);
      return await runStreamingCall({
        ...callOptions(signal, timeoutMs),
        req: { stream: true, method, message: input, ...requestOf(method, header, values) },
        async next(request) {
          // The client's context values stay on the client's side.
          const contextValues = createContextValues();
          setDeadline(contextValues, timeoutMs);
          const context = contextOf({ ...request, contextValues });
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
