import type { DescMessage, DescMethodUnary, DescService, MessageShape } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import {
  type AnswerWriter,
  answerWriter,
  type BytesReader,
  bytesReaderOf,
  jsonWriterOf,
  type RestAnswer,
} from "./answer.ts";
import { type ErrorShapeOf, errorShapes } from "./error-shape.ts";
import {
  forwarded,
  headerOf,
  type RequestHeaders,
  requestIdFrom,
  requestIdHeader,
} from "./headers.ts";
import type { JsonWriter } from "./json-writer.ts";
import { checkMediaType, readBody } from "./request-body.ts";
import { type RequestReader, requestReader } from "./request-reader.ts";
import { onlyAnswer, type RequestStream, requestStream } from "./request-stream.ts";
import type { Route, StreamingMethod } from "./route.ts";
import type { RouteTable } from "./route-table.ts";
import { type HttpProblem, HttpRefusal, isDefect, refuse } from "./status.ts";
import { bytesStream, streamBody, streamFormatFor } from "./stream-answer.ts";
import { type OpenStream, openStream } from "./stream-call.ts";

/** An HTTP request, whatever server it came by. */
export interface RestRequest {
  readonly method: string;
  /** Percent-encoded, as it came; begins with `/`. */
  readonly path: string;
  /** Without its `?`; empty for none. */
  readonly query: string;
  /** By name, in lower case. */
  readonly headers: RequestHeaders;
  /** An iterable is read only when everything before the body is in order. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

/** What a handler needs. */
export interface RestHandlerOptions {
  readonly routes: RouteTable;
  /** How a service is reached; asked once for each route. */
  transportOf(service: DescService): Transport;
  /** Told of defects, by request id. */
  readonly log: { error(details: object, message: string): void };
  /** Default: 8 MiB. */
  readonly bodyBytesMax?: number;
  /** How long a call that is no stream may take; default 60 s. */
  readonly timeoutMs?: number;
  /** The shape of each service's errors; default: google.rpc.Status. */
  readonly errorShapeOf?: ErrorShapeOf;
}

/** Answers requests; never throws. */
export type RestHandler = (request: RestRequest) => Promise<RestAnswer>;

const bodyBytesMaxDefault = 8 * 1_024 * 1_024;
const timeoutMsDefault = 60_000;

interface Compiled {
  readonly route: Route;
  readonly transport: Transport;
  readonly read: RequestReader;
  readonly answer: AnswerWriter;
  readonly writeJson: JsonWriter;
  /** Undefined for answers that are JSON. */
  readonly bytesOf: BytesReader | undefined;
}

interface Call {
  readonly compiled: Compiled;
  readonly request: RestRequest;
  /** The values of the path's variables. */
  readonly values: readonly string[];
  readonly requestId: string;
  readonly header: Headers;
}

/** Gives the handler that answers REST requests by calling the routes' services. */
export function restHandler(options: RestHandlerOptions): RestHandler {
  const compiledOf = new Map(
    options.routes.routes.map((route) => [route, compile(route, options)]),
  );
  const { errorShapeOf = () => undefined } = options;
  const shapeAt = errorShapes(options.routes, errorShapeOf);
  return async (request) => {
    const requestId = requestIdFrom(headerOf(request.headers, requestIdHeader));
    let matched: Route | undefined;
    try {
      const { route, values } = match(options.routes, request);
      matched = route;
      const compiled = compiledOf.get(route) ?? compile(route, options);
      const call = {
        compiled,
        request,
        values,
        requestId,
        header: forwardedOf(request, requestId),
      };
      checkHead(call);
      return withId(await respond(call, options), requestId);
    } catch (error) {
      logDefect(error, requestId, options);
      const shape = matched ? errorShapeOf(matched.method.parent) : shapeAt(request.path);
      const refusal = refuse(error, requestId, shape);
      return withId({ ...refusal, route: matched?.template.source }, requestId);
    }
  };
}

function forwardedOf({ headers }: RestRequest, requestId: string): Headers {
  return forwarded(requestId, (name) => (name in headers ? headerOf(headers, name) : null));
}

function compile(route: Route, { transportOf }: RestHandlerOptions): Compiled {
  return {
    route,
    transport: transportOf(route.method.parent),
    read: requestReader(route),
    answer: answerWriter(route),
    writeJson: jsonWriterOf(route),
    bytesOf: bytesReaderOf(route),
  };
}

function match(routes: RouteTable, { method, path }: RestRequest) {
  const found = routes.find(method, path);
  if ("route" in found) return found;
  if (found.allowed.length === 0) throw new HttpRefusal(unknownRoute);
  throw new HttpRefusal({
    status: 405,
    code: Code.Unimplemented,
    reason: "METHOD_NOT_ALLOWED",
    message: `this path does not take ${method}`,
    headers: { allow: found.allowed.join(", ") },
  });
}

const unknownRoute: HttpProblem = {
  status: 404,
  code: Code.NotFound,
  reason: "NOT_FOUND",
  message: "there is no such path",
};

/** Checks what is to be known before the body is read. */
function checkHead({ compiled: { route }, request: { headers } }: Call): void {
  if (route.needsKey && headerOf(headers, "authorization") === "") {
    throw new AppError("unauthenticated", "a key is missing: send Authorization: Bearer <key>");
  }
  const problem = checkMediaType(route, headers);
  if (problem !== undefined) throw new HttpRefusal(problem);
}

async function respond(call: Call, options: RestHandlerOptions): Promise<RestAnswer> {
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
  call: Call,
  method: DescMethodUnary<DescMessage, DescMessage>,
  options: RestHandlerOptions,
): Promise<RestAnswer> {
  const { compiled, request, header } = call;
  const { timeoutMs = timeoutMsDefault } = options;
  const message = await readMessage(call, options);
  const { transport } = compiled;
  const response = await transport.unary(method, request.signal, timeoutMs, header, message);
  return compiled.answer(response.message);
}

async function callWithStream(
  call: Call,
  method: StreamingMethod,
  options: RestHandlerOptions,
): Promise<RestAnswer> {
  const { compiled, request, header } = call;
  const { timeoutMs = timeoutMsDefault } = options;
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
  { compiled, request, requestId, header }: Call,
  streamed: Streamed,
  options: RestHandlerOptions,
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
      logDefect(error, requestId, options);
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
  { compiled, request, values }: Call,
  { bodyBytesMax = bodyBytesMaxDefault }: RestHandlerOptions,
): Promise<MessageShape<DescMessage>> {
  const contentType = headerOf(request.headers, "content-type");
  const body = await readBody(request.body, bodyBytesMax);
  return compiled.read({ values, query: request.query, contentType, body });
}

async function singleRequest(call: Call, options: RestHandlerOptions): Promise<RequestStream> {
  const message = await readMessage(call, options);
  async function* messages() {
    yield message;
  }
  return { messages: messages(), causeOf: (error) => error };
}

function requestsOf(
  { compiled: { route, read }, request, values }: Call,
  { bodyBytesMax = bodyBytesMaxDefault }: RestHandlerOptions,
): RequestStream {
  const contentType = headerOf(request.headers, "content-type");
  const parts = { values, query: request.query, contentType };
  return requestStream({ route, read, parts, body: request.body, bodyBytesMax });
}

function logDefect(error: unknown, requestId: string, { log }: RestHandlerOptions): void {
  if (isDefect(error)) log.error({ err: error, requestId }, "REST call failed");
}

function withId(answer: RestAnswer, requestId: string): RestAnswer {
  return { ...answer, headers: { ...answer.headers, [requestIdHeader]: requestId } };
}
