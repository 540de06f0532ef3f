import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { Code } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import {
  type ErrorShape,
  type HttpProblem,
  type Refusal,
  type RestHandler,
  refuse,
  refuseHttp,
} from "@posthorn/rest";
import {
  type FailedKeys,
  failedKeysInterceptor,
  peerValues,
  type Routes,
  strictJson,
} from "@posthorn/rpc";
import { type Logger, type Metrics, type Part, untilStopped } from "@posthorn/runtime";
import { errorCodes, type FastifyInstance, fastify } from "fastify";
import { checkHead } from "./check-head.ts";
import { answerClientError } from "./client-error.ts";
import { addDocs } from "./docs.ts";
import { type HttpMetrics, httpMetrics } from "./http-metrics.ts";
import {
  bodyBytesMax,
  connectionCountMax,
  headBytesMax,
  headTimeoutMs,
  keepAliveTimeoutMs,
} from "./limits.ts";
import { addProbes } from "./probes.ts";
import { sendAnswer } from "./rest-bridge.ts";
import { isOnlyForRest, restListener } from "./rest-listener.ts";

/** What the HTTP side of the gateway serves. */
export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly rest: RestHandler;
  /** The shape of the errors at a URL that does not come to `rest`. */
  errorShapeAt(url: string): ErrorShape | undefined;
  /** Connect and gRPC-Web. */
  readonly rpc: Routes;
  readonly outgoingIps: readonly string[];
  /** Shared by all ways in. */
  readonly failedKeys: FailedKeys;
  readonly requestTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  isReady(): boolean;
  onListen?(address: { host: string; port: number }): void;
}

/**
 * Serves REST, Connect, gRPC-Web, the API's description and the probes on one port. Stopping takes
 * no new requests, cuts streams off and lets the other calls end for `drainTimeoutMs`.
 */
export function httpServer(options: HttpServerOptions): Part {
  return {
    name: "http",
    async run(stop, ready) {
      const drained = new AbortController();
      const app = await listening(options, { stop, drained: drained.signal });
      ready();
      await untilStopped(stop);
      const timer = setTimeout(() => {
        drained.abort();
        app.server.closeAllConnections();
      }, options.drainTimeoutMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}

async function listening(
  options: HttpServerOptions,
  { stop, drained }: { stop: AbortSignal; drained: AbortSignal },
): Promise<FastifyInstance> {
  const counted = httpMetrics(options);
  const rest = restListener({ ...options, counted, stop });
  const refuses = headRefusal(options, counted);
  const app = newFastify(options, ({ paths, viaFastify }) => (request, response) => {
    // Once we stop, Fastify is to tell callers so.
    const isRest = !stop.aborted && isOnlyForRest(request, paths);
    if (!isRest) viaFastify(request, response);
    else if (!refuses(request, response)) rest(request, response);
  });
  limitRequests(app.server);
  app.addHook("onRequest", async ({ raw }, reply) => {
    if (refuses(raw, reply.raw)) reply.hijack();
  });
  takeBodiesAsTheyCome(app);
  addDocs(app);
  addProbes(app, { ...options, isReady: () => !stop.aborted && options.isReady() });
  await app.register(fastifyConnectPlugin, {
    routes: options.rpc,
    grpc: false,
    readMaxBytes: bodyBytesMax,
    jsonOptions: strictJson,
    contextValues: ({ raw }) => peerValues(raw),
    interceptors: [failedKeysInterceptor(options.failedKeys)],
    // Not `shutdownTimeoutMs`: its timer outlives the server and holds up the end of the process.
    shutdownSignal: drained,
  });
  // All that has no route of its own is REST.
  app.setNotFoundHandler(async ({ raw }, reply) => {
    reply.hijack();
    rest(raw, reply.raw);
  });
  const { host, port } = options;
  await app.listen({ host, port });
  const address = app.server.address();
  if (address !== null && typeof address === "object") {
    options.onListen?.({ host, port: address.port });
  }
  return app;
}

/** What Fastify answers, and where it has routes. */
interface FastifySide {
  readonly viaFastify: RequestListener;
  readonly paths: ReadonlySet<string>;
}

/**
 * Makes the Fastify that serves what is not REST. `listenerOf` gives what stands before it: the
 * way through it takes some 15 µs of CPU, and does nothing for REST.
 */
function newFastify(
  options: HttpServerOptions,
  listenerOf: (side: FastifySide) => RequestListener,
): FastifyInstance {
  const { log, errorShapeAt } = options;
  const shapeFor = ({ url = "/" }: IncomingMessage) => errorShapeAt(url);
  const paths = new Set<string>();
  const app = fastify({
    serverFactory: (viaFastify) => nodeServer(options, listenerOf({ viaFastify, paths })),
    forceCloseConnections: "idle",
    clientErrorHandler: answerClientError,
    frameworkErrors: (_, { raw: request }, reply) => {
      reply.hijack();
      return refuseNow(refuseHttp(malformedUrl, shapeFor(request)), request, reply.raw);
    },
  });
  app.addHook("onRoute", ({ url }) => {
    paths.add(url);
  });
  app.setErrorHandler((error, { raw: request, id: requestId }, reply) => {
    reply.hijack();
    const shape = shapeFor(request);
    if (isMediaTypeError(error)) {
      return refuseNow(refuseHttp(malformedType, shape), request, reply.raw);
    }
    log.error({ err: error, requestId }, "request failed");
    return refuseNow(refuse(error, requestId, shape), request, reply.raw);
  });
  return app;
}

function nodeServer({ requestTimeoutMs }: HttpServerOptions, listener: RequestListener): Server {
  const options = {
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headBytesMax,
    headersTimeout: Math.min(headTimeoutMs, requestTimeoutMs),
    // Time-outs are kept to this exactness.
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
  };
  return createServer(options, listener);
}

const malformedUrl: HttpProblem = {
  status: 400,
  code: Code.InvalidArgument,
  reason: "INVALID",
  message: "the path has a malformed percent-encoding",
};

const malformedType: HttpProblem = {
  status: 415,
  code: Code.InvalidArgument,
  reason: "UNSUPPORTED_MEDIA_TYPE",
  message: "the content type is malformed",
};

/** Fastify refuses a content type that it cannot read before any route sees the request. */
function isMediaTypeError(error: unknown): boolean {
  return error instanceof errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE;
}

/** A refusal is no stream, so nothing has to cut it off. */
const never = new AbortController().signal;

function refuseNow(refusal: Refusal, request: IncomingMessage, response: ServerResponse) {
  return sendAnswer(refusal, { request, response, stop: never });
}

function limitRequests(server: Server): void {
  server.maxConnections = connectionCountMax;
  // Whoever asks before sending a body is told at once when it would be refused.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (checkHead(request) === undefined) response.writeContinue();
    server.emit("request", request, response);
  });
}

/** Begins to time a request, and tells whether it is refused by its head alone: then it is answered. */
function headRefusal({ errorShapeAt }: HttpServerOptions, counted: HttpMetrics) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    counted.begin(request, response);
    const problem = checkHead(request);
    if (problem === undefined) return false;
    const shape = errorShapeAt(request.url ?? "/");
    void refuseNow(refuseHttp(problem, shape), request, response);
    return true;
  };
}

/** Whoever answers reads the body itself, if at all. */
function takeBodiesAsTheyCome(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_, __, done) => done(null));
}
