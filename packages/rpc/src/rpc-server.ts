import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { type Logger, type Metrics, type Part, untilStopped } from "@posthorn/runtime";
import type { Routes } from "./routes.ts";
import { checkHead } from "./server/check-head.ts";
import { dualServer } from "./server/dual-server.ts";
import { type InFlight, inFlight } from "./server/in-flight.ts";
import { drainTimeoutMs, requestTimeoutMs } from "./server/limits.ts";
import { answerError, type NodeRequest, type NodeResponse } from "./server/node-http.ts";
import { answerProbe } from "./server/probes.ts";
import { rpcHandler } from "./server/rpc-handler.ts";

/** Where and what an RPC server serves. */
export interface RpcServerOptions {
  /** The part's name. */
  readonly name: string;
  readonly host: string;
  /** 0 picks a free one; see `onListen`. */
  readonly port: number;
  readonly routes: Routes;
  /** `serverInterceptors(...)`. */
  readonly interceptors: Interceptor[];
  /** Served at `/metrics`; without it that is not found. */
  readonly metrics?: Metrics;
  /** What `/readyz` answers; without it, yes as long as the server serves. */
  readonly ready?: () => boolean;
  /** Told of calls that break off outside the interceptors. */
  readonly log?: Logger;
  /** How long a request may take to arrive; default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How long calls under way may go on when the server stops; default 10 s. */
  readonly drainTimeoutMs?: number;
  /** Told once the server listens, before the part is ready. */
  onListen?(address: { host: string; port: number }): void;
}

interface Work {
  /** Calls that end by themselves. */
  readonly single: InFlight;
  /** Those and the ones whose answers are streams. */
  readonly all: InFlight;
  readonly shutdown: AbortController;
}

/** How long streams may take to end once they were told to. */
const streamEndTimeoutMs = 1_000;

/**
 * Serves RPCs by Connect, gRPC and gRPC-Web, and `/livez`, `/readyz` and `/metrics`, on one port
 * that speaks HTTP/1.1 and HTTP/2 without TLS. Messages have at most 8 MiB, heads 16 KiB and 100
 * headers (431); what does not arrive in 30 s is 408; a key in the query is refused. Stopping
 * takes no new calls, lets unary calls end, then aborts streams.
 */
export function rpcServer(options: RpcServerOptions): Part {
  return {
    name: options.name,
    async run(stop, ready) {
      const work = { single: inFlight(), all: inFlight(), shutdown: new AbortController() };
      const server = dualServer({
        onRequest: requestListener(options, work, stop),
        requestTimeoutMs: options.requestTimeoutMs ?? requestTimeoutMs,
      });
      const address = await server.listen(options.host, options.port);
      options.onListen?.(address);
      ready();
      await untilStopped(stop);
      server.refuse();
      await work.single.drained(options.drainTimeoutMs ?? drainTimeoutMs);
      work.shutdown.abort(new ConnectError("the server is stopping", Code.Unavailable));
      await work.all.drained(streamEndTimeoutMs);
      await server.close();
    },
  };
}

function requestListener(
  { routes, interceptors, log, metrics, ...options }: RpcServerOptions,
  work: Work,
  stop: AbortSignal,
): (request: NodeRequest, response: NodeResponse) => void {
  const rpcOf = rpcHandler({ routes, interceptors, shutdown: work.shutdown.signal, log });
  const isReady = () => !stop.aborted && (options.ready?.() ?? true);
  return (request, response) => {
    const problem = checkHead(request);
    if (problem !== undefined) return answerError(response, problem.status, problem);
    const rpc = rpcOf(request.url ?? "");
    if (rpc === undefined) {
      answerProbe(request, response, { isReady, metrics }).catch((error: unknown) => {
        log?.error({ err: error }, "probe failed");
        answerError(response, 500, { code: "internal", message: "internal error" });
      });
      return;
    }
    work.all.add(response);
    if (hasSingleAnswer(rpc.method)) work.single.add(response);
    limitArrival(request, response, rpc.method, options.requestTimeoutMs ?? requestTimeoutMs);
    rpc.serve(request, response);
  };
}

function hasSingleAnswer({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "client_streaming";
}

/** Node limits this for HTTP/1.1 by itself. Streams of requests may take their time. */
function limitArrival(
  request: NodeRequest,
  response: NodeResponse,
  { methodKind }: DescMethod,
  timeoutMs: number,
): void {
  if (!("stream" in request)) return;
  if (methodKind === "client_streaming" || methodKind === "bidi_streaming") return;
  const timer = setTimeout(() => {
    response.once("finish", () => request.stream.close());
    answerError(response, 408, { code: "deadline_exceeded", message: "the request is too slow" });
  }, timeoutMs);
  const stopTimer = () => clearTimeout(timer);
  request.once("end", stopTimer);
  response.once("close", stopTimer);
}
