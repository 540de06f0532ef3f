import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";

/** Where the other service is. */
export interface RemoteTransportOptions {
  /** `http://host:port`, without TLS. */
  readonly url: string;
  /** Default: connect, at a third of gRPC's cost here. */
  readonly protocol?: "connect" | "grpc";
}

/** A transport with a connection of its own. */
export interface RemoteTransport extends Transport {
  /** Ends the connection and all calls on it; a later call opens another. */
  close(): void;
}

/** What a sync of many workspaces may bring; a bound against runaway answers. */
const readBytesMax = 64 * 1_024 * 1_024;

/** For unary calls that bring no deadline of their own; streams may last. */
const unaryTimeoutMs = 30_000;

/** Calls another service over HTTP/2 without TLS, on one connection that is kept alive. */
export function remoteTransport({
  url,
  protocol = "connect",
}: RemoteTransportOptions): RemoteTransport {
  const sessionManager = new Http2SessionManager(url, {
    pingIntervalMs: 10_000,
    pingTimeoutMs: 5_000,
  });
  const options = {
    baseUrl: url,
    sessionManager,
    // Services stand side by side: compressing costs more than sending.
    acceptCompression: [],
    readMaxBytes: readBytesMax,
  };
  const transport =
    protocol === "grpc"
      ? createGrpcTransport(options)
      : createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: true });
  return {
    unary: (method, signal, timeoutMs = unaryTimeoutMs, ...call) =>
      transport.unary(method, signal, timeoutMs, ...call),
    stream: (...call) => transport.stream(...call),
    close: () => sessionManager.abort(),
  };
}
