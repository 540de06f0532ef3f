import type { DescMessage, DescMethodUnary, DescService, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  type AnswerWriter,
  answerWriter,
  type BytesReader,
  bytesReaderOf,
  jsonWriterOf,
  type RestAnswer,
} from "./answer.ts";
import { headerOf } from "./headers.ts";
import type { JsonWriter } from "./json-writer.ts";
import { readBody } from "./request-body.ts";
import { type RequestReader, requestReader } from "./request-reader.ts";
import { onlyAnswer, type RequestStream, requestStream } from "./request-stream.ts";
import type { RestRequest } from "./rest-request.ts";
import type { Route, StreamingMethod } from "./route.ts";
import { refuse } from "./status.ts";
import { bytesStream, streamBody, streamFormatFor } from "./stream-answer.ts";
import { type OpenStream, openStream } from "./stream-call.ts";

/** A route with all that can be made ready before a request comes. */
export interface CompiledRoute {
  readonly route: Route;
  readonly transport: Transport;
  readonly read: RequestReader;
  readonly answer: AnswerWriter;
  readonly writeJson: JsonWriter;
  /** Undefined for answers that are JSON. */
  readonly bytesOf: BytesReader | undefined;
}

/** Makes a route ready for calls. */
export function compileRoute(
  route: Route,
  transportOf: (service: DescService) => Transport,
): CompiledRoute {
  return {
    route,
    transport: transportOf(route.method.parent),
    read: requestReader(route),
    answer: answerWriter(route),
    writeJson: jsonWriterOf(route),
    bytesOf: bytesReaderOf(route),
  };
}

/** A request on its way to its method. */
export interface RestCall {
  readonly compiled: CompiledRoute;
  readonly request: RestRequest;
  /** The values of the path's variables, percent-encoded. */
  readonly values: readonly string[];
  readonly requestId: string;
  /** What the service gets, by name. */
  readonly header: Readonly<Record<string, string>>;
}

/** The limits of a call. */
export interface CallOptions {
  readonly bodyBytesMax: number;
  readonly timeoutMs: number;
  /** Told of what breaks a stream that has begun. */
  onError(error: unknown, requestId: string): void;
}

/** Calls a route's method with what the request holds. Throws a refusal. */
export async function answerCall(call: RestCall, options: CallOptions): Promise<RestAnswer> {
  const { method } = call.compiled.route;
  switch (method.methodKind) {
    case "unary":
      return await callUnary(call, method, options);
    case "client_streaming":
      return await callWithStream(call, method, options);
    case "server_streaming":
      return await stream(call, { method, requests: await singleRequest(call, options) }, options);
    case "bidi_streaming":
      return await stream(call, { method, requests: requestsOf(call, options) }, options);
  }
}

async function callUnary(
  call: RestCall,
  method: DescMethodUnary<DescMessage, DescMessage>,
  options: CallOptions,
): Promise<RestAnswer> {
  const { compiled, request, header } = call;
  const { timeoutMs } = options;
  const message = await readMessage(call, options);
  const { transport } = compiled;
  const response = await transport.unary(method, request.signal, timeoutMs, header, message);
  return compiled.answer(response.message);
}

async function callWithStream(
  call: RestCall,
  method: StreamingMethod,
  options: CallOptions,
): Promise<RestAnswer> {
  const { compiled, request, header } = call;
  const { timeoutMs } = options;
  const { messages, causeOf } = requestsOf(call, options);
  const { transport } = compiled;
  try {
    const answers = await transport.stream(method, request.signal, timeoutMs, header, messages);
    return compiled.answer(await onlyAnswer(answers.message));
  } catch (error) {
    throw causeOf(error);
  }
}

/** A call whose answers are a stream. */
interface Streamed {
  readonly method: StreamingMethod;
  readonly requests: RequestStream;
}

async function stream(
  { compiled, request, requestId, header }: RestCall,
  streamed: Streamed,
  options: CallOptions,
): Promise<RestAnswer> {
  const { transport, route, bytesOf } = compiled;
  const opened = await openStream({ transport, ...streamed, signal: request.signal, header });
  const answer = { status: route.httpStatus, route: route.template.source };
  if (bytesOf !== undefined) {
    const { contentType, body } = await bytesStream(opened, bytesOf);
    return headOf({ ...answer, headers: { "content-type": contentType }, body }, request, opened);
  }
  const format = streamFormatFor(headerOf(request.headers, "accept"));
  const body = streamBody(opened, {
    format,
    write: compiled.writeJson,
    refuse(error) {
      options.onError(error, requestId);
      return refuse(error, requestId);
    },
  });
  const headers = { "content-type": format.contentType, "x-accel-buffering": "no" };
  return headOf({ ...answer, headers, body }, request, opened);
}

/** To HEAD a stream answers without its messages, which nobody would read. */
function headOf(answer: RestAnswer, { method }: RestRequest, opened: OpenStream): RestAnswer {
  if (method !== "HEAD") return answer;
  opened.end();
  return { ...answer, body: new Uint8Array() };
}

async function readMessage(
  { compiled, request, values }: RestCall,
  { bodyBytesMax }: CallOptions,
): Promise<MessageShape<DescMessage>> {
  const contentType = headerOf(request.headers, "content-type");
  const body = await readBody(request.body, bodyBytesMax);
  return compiled.read({ values, query: request.query, contentType, body });
}

async function singleRequest(call: RestCall, options: CallOptions): Promise<RequestStream> {
  const message = await readMessage(call, options);
  async function* messages() {
    yield message;
  }
  return { messages: messages(), causeOf: (error) => error };
}

function requestsOf(
  { compiled: { route, read }, request, values }: RestCall,
  { bodyBytesMax }: CallOptions,
): RequestStream {
  const contentType = headerOf(request.headers, "content-type");
  const parts = { values, query: request.query, contentType };
  return requestStream({ route, read, parts, body: request.body, bodyBytesMax });
}
