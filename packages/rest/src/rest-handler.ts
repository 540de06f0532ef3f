import type { DescMessage, DescService, MessageShape } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { type AnswerWriter, answerWriter, jsonWriterOf, type RestAnswer } from "./answer.ts";
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
import type { Route } from "./route.ts";
import type { RouteTable } from "./route-table.ts";
import { type HttpProblem, HttpRefusal, isDefect, refuse } from "./status.ts";
import { streamBody, streamFormatFor } from "./stream-answer.ts";
import { openStream } from "./stream-call.ts";

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
}

interface Call {
  readonly compiled: Compiled;
  readonly request: RestRequest;
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
      const message = await readMessage(compiled, request, values, options);
      const call = {
        compiled,
        request,
        requestId,
        header: forwardedOf(request, requestId),
      };
      return withId(await respond(call, message, options), requestId);
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

async function readMessage(
  { route, read }: Compiled,
  request: RestRequest,
  values: readonly string[],
  { bodyBytesMax = bodyBytesMaxDefault }: RestHandlerOptions,
): Promise<MessageShape<DescMessage>> {
  if (route.needsKey && headerOf(request.headers, "authorization") === "") {
    throw new AppError("unauthenticated", "a key is missing: send Authorization: Bearer <key>");
  }
  const contentType = headerOf(request.headers, "content-type");
  const problem = checkMediaType(route, request.headers);
  if (problem !== undefined) throw new HttpRefusal(problem);
  const body = await readBody(request.body, bodyBytesMax);
  return read({ values, query: request.query, contentType, body });
}

async function respond(
  call: Call,
  message: MessageShape<DescMessage>,
  options: RestHandlerOptions,
): Promise<RestAnswer> {
  const { compiled, request, header } = call;
  const { method } = compiled.route;
  if (method.methodKind === "server_streaming") return await stream(call, message, options);
  const { timeoutMs = timeoutMsDefault } = options;
  const { transport, answer } = compiled;
  const response = await transport.unary(method, request.signal, timeoutMs, header, message);
  return answer(response.message);
}

async function stream(
  { compiled, request, requestId, header }: Call,
  input: MessageShape<DescMessage>,
  options: RestHandlerOptions,
): Promise<RestAnswer> {
  const { method, template, httpStatus: status } = compiled.route;
  if (method.methodKind !== "server_streaming") throw new Error(`${method} is no stream`);
  const { transport, writeJson } = compiled;
  const opened = await openStream({ transport, method, signal: request.signal, header, input });
  const format = streamFormatFor(headerOf(request.headers, "accept"));
  const body = streamBody(opened, {
    format,
    write: writeJson,
    refuse(error) {
      logDefect(error, requestId, options);
      return refuse(error, requestId);
    },
  });
  const headers = { "content-type": format.contentType, "x-accel-buffering": "no" };
  return { status, headers, body, route: template.source };
}

function logDefect(error: unknown, requestId: string, { log }: RestHandlerOptions): void {
  if (isDefect(error)) log.error({ err: error, requestId }, "REST call failed");
}

function withId(answer: RestAnswer, requestId: string): RestAnswer {
  return { ...answer, headers: { ...answer.headers, [requestIdHeader]: requestId } };
}
