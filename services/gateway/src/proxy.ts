import type {
  DescMessage,
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  MessageShape,
} from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl, Transport } from "@connectrpc/connect";
import { forwarded, outwardError, requestIdFrom, requestIdHeader } from "@posthorn/rest";
import type { Routes } from "@posthorn/rpc";

/** How a service is reached. */
export type TransportOf = (service: DescService) => Transport;

type Message = MessageShape<DescMessage>;
type Unary = DescMethodUnary<DescMessage, DescMessage>;
type Streaming = DescMethodStreaming<DescMessage, DescMessage>;

/** Puts services onto a router whose every call goes on, with its headers, to where they are. */
export function proxyRoutes(services: readonly DescService[], transportOf: TransportOf): Routes {
  return (router) => {
    for (const service of services) {
      const transport = transportOf(service);
      const methods = service.methods.map((method) => {
        return [method.localName, proxied(method, transport)];
      });
      // One implementation stands for each method of any service, which no type can say.
      router.service(service, Object.fromEntries(methods) as Partial<ServiceImpl<DescService>>);
    }
  };
}

function proxied(method: DescMethod, transport: Transport) {
  const single = (request: Message, context: HandlerContext) =>
    callUnary(transport, context, request);
  const streamed = (requests: AsyncIterable<Message>, context: HandlerContext) =>
    callStream(transport, context, requests);
  switch (method.methodKind) {
    case "unary":
      return single;
    case "server_streaming":
      return (request: Message, context: HandlerContext) => streamed(only(request), context);
    case "client_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        onlyOf(streamed(requests, context));
    case "bidi_streaming":
      return streamed;
  }
}

async function callUnary(
  transport: Transport,
  context: HandlerContext,
  message: Message,
): Promise<Message> {
  const method = context.method as Unary;
  const { requestId, header } = headersOf(context);
  try {
    const timeoutMs = context.timeoutMs();
    const response = await transport.unary(method, context.signal, timeoutMs, header, message);
    return response.message;
  } catch (error) {
    throw outwardError(error, requestId);
  }
}

async function* callStream(
  transport: Transport,
  context: HandlerContext,
  messages: AsyncIterable<Message>,
): AsyncGenerator<Message> {
  const method = context.method as Streaming;
  const { requestId, header } = headersOf(context);
  try {
    const timeoutMs = context.timeoutMs();
    yield* (await transport.stream(method, context.signal, timeoutMs, header, messages)).message;
  } catch (error) {
    throw outwardError(error, requestId);
  }
}

/** The caller's headers that go on; the answer bears the request id. */
function headersOf({ requestHeader, responseHeader }: HandlerContext) {
  const requestId = requestIdFrom(requestHeader.get(requestIdHeader) ?? "");
  responseHeader.set(requestIdHeader, requestId);
  return { requestId, header: forwarded(requestId, (name) => requestHeader.get(name)) };
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function onlyOf(messages: AsyncIterable<Message>): Promise<Message> {
  for await (const message of messages) return message;
  throw new Error("a stream of requests ended without an answer");
}
