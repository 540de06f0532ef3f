import type { DescService } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { RestAnswer } from "./answer.ts";
import { type ErrorShapeOf, errorShapes } from "./error-shape.ts";
import { forwarded, headerOf, requestIdFrom, requestIdHeader } from "./headers.ts";
import { checkMediaType } from "./request-body.ts";
import { answerCall, compileRoute } from "./rest-call.ts";
import type { RestRequest } from "./rest-request.ts";
import type { Route } from "./route.ts";
import type { RouteTable } from "./route-table.ts";
import { type HttpProblem, HttpRefusal, isDefect, refuse } from "./status.ts";

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

/** Gives the handler that answers REST requests by calling the routes' services. */
export function restHandler(options: RestHandlerOptions): RestHandler {
  const { routes, log, transportOf, errorShapeOf = () => undefined } = options;
  const { bodyBytesMax = bodyBytesMaxDefault, timeoutMs = timeoutMsDefault } = options;
  const shapeAt = errorShapes(routes, errorShapeOf);
  const ready = new Map(
    routes.routes.map((route) => {
      const shape = errorShapeOf(route.method.parent);
      return [route, { compiled: compileRoute(route, transportOf), shape }];
    }),
  );
  const onError = (error: unknown, requestId: string) => {
    if (isDefect(error)) log.error({ err: error, requestId }, "REST call failed");
  };
  return async (request) => {
    const requestId = requestIdFrom(headerOf(request.headers, requestIdHeader));
    let matched: Route | undefined;
    try {
      const { route, values } = match(routes, request);
      matched = route;
      checkHead(route, request);
      const compiled = ready.get(route)?.compiled ?? compileRoute(route, transportOf);
      const header = forwardedOf(request, requestId);
      const call = { compiled, request, values, requestId, header };
      return withId(await answerCall(call, { bodyBytesMax, timeoutMs, onError }), requestId);
    } catch (error) {
      onError(error, requestId);
      const shape = matched ? ready.get(matched)?.shape : shapeAt(request.path);
      const refusal = refuse(error, requestId, shape);
      return withId({ ...refusal, route: matched?.template.source }, requestId);
    }
  };
}

function forwardedOf({ headers }: RestRequest, requestId: string): Record<string, string> {
  return forwarded(requestId, (name) => (name in headers ? headerOf(headers, name) : null));
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
function checkHead(route: Route, { headers }: RestRequest): void {
  if (route.needsKey && headerOf(headers, "authorization") === "") {
    throw new AppError("unauthenticated", "a key is missing: send Authorization: Bearer <key>");
  }
  const problem = checkMediaType(route, headers);
  if (problem !== undefined) throw new HttpRefusal(problem);
}

function withId(answer: RestAnswer, requestId: string): RestAnswer {
  return { ...answer, headers: { ...answer.headers, [requestIdHeader]: requestId } };
}
