import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { errorShapes, restHandler, restRoutes } from "@posthorn/rest";
import { failedKeys, failedKeysInterceptor, rpcServer } from "@posthorn/rpc";
import type { Logger, Metrics, Part } from "@posthorn/runtime";
import type { GatewayConfig } from "./config.ts";
import { errorShapeOf } from "./error-shape-of.ts";
import { httpServer } from "./http-server.ts";
import { bodyBytesMax } from "./limits.ts";
import { proxyRoutes } from "./proxy.ts";
import { publicServices } from "./public-services.ts";

/** What the gateway needs. */
export interface GatewayDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How a public service is reached; its errors may be ConnectErrors or AppErrors. */
  transportOf(service: DescService): Transport;
  /** What is served; default: all public services. */
  readonly services?: readonly DescService[];
  /** What `/readyz` asks besides whether the gateway itself serves; default: yes. */
  isReady?(): boolean;
  /** Told of each port once it is open, by the part's name: `http` or `grpc`. */
  onListen?(part: "http" | "grpc", address: { host: string; port: number }): void;
}

/**
 * Gives the gateway's parts: `http` (REST, Connect, gRPC-Web, the API's description, probes) and
 * `grpc` (gRPC over HTTP/2 without TLS). It decides nothing and keeps nothing: calls go on with
 * their headers, and the services check keys.
 */
export function gatewayService(config: GatewayConfig, deps: GatewayDeps): { parts: Part[] } {
  const { log, metrics, transportOf, services = publicServices } = deps;
  const { requestTimeoutMs = 28_000, drainTimeoutMs = 5_000, host } = config;
  const isReady = () => deps.isReady?.() ?? true;
  const routes = restRoutes(services);
  const rpc = proxyRoutes(services, transportOf);
  const keys = failedKeys();
  const http = httpServer({
    host,
    port: config.port,
    rest: restHandler({ routes, transportOf, log, bodyBytesMax, errorShapeOf }),
    errorShapeAt: errorShapes(routes, errorShapeOf),
    rpc,
    outgoingIps: config.outgoingIps,
    failedKeys: keys,
    requestTimeoutMs,
    drainTimeoutMs,
    log,
    metrics,
    isReady,
    onListen: (address) => deps.onListen?.("http", address),
  });
  const grpc = rpcServer({
    name: "grpc",
    host,
    port: config.grpcPort,
    routes: rpc,
    interceptors: [failedKeysInterceptor(keys)],
    metrics,
    ready: isReady,
    log,
    requestTimeoutMs,
    drainTimeoutMs,
    onListen: (address) => deps.onListen?.("grpc", address),
  });
  return { parts: [http, grpc] };
}
