import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp1Server, type Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { connectionCountMax, headBytesMax, headerCountMax } from "./limits.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { sniff } from "./sniff.ts";

/** How much of a stream may be on its way unread: a batch of usual size in one go. */
const windowBytes = 1_024 * 1_024;

/** What is served, and how long its requests may take to arrive. */
export interface DualServerOptions {
  onRequest(request: NodeRequest, response: NodeResponse): void;
  readonly requestTimeoutMs: number;
}

/** One port that speaks HTTP/1.1 and HTTP/2 without TLS. */
export interface DualServer {
  /** Listens; gives the address, with the real port where 0 was asked for. */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Takes no further connections, and no further requests on those of HTTP/2. */
  refuse(): void;
  /** Ends all connections; after `refuse`. */
  close(): Promise<void>;
}

/** How long peers may take to say goodbye before their connections are cut. */
const goodbyeTimeoutMs = 500;

/** Makes a server that listens to nothing yet. */
export function dualServer(options: DualServerOptions): DualServer {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  const http2 = http2Server(options, sessions);
  const http1 = http1Server(options, { sockets, onHttp2: (it) => http2.emit("connection", it) });
  const closed = Promise.withResolvers<void>();
  http1.once("close", closed.resolve);
  return {
    async listen(host, port) {
      http1.listen({ host, port });
      await once(http1, "listening");
      const address = http1.address();
      assert(address !== null && typeof address === "object", "listens on TCP");
      return { host: address.address, port: address.port };
    },
    refuse() {
      http1.close();
      for (const session of sessions) session.close();
    },
    async close() {
      http1.closeAllConnections();
      for (const session of sessions) session.destroy();
      const cut = () => {
        for (const socket of sockets) socket.destroy();
      };
      const timer = setTimeout(cut, goodbyeTimeoutMs);
      await closed.promise;
      clearTimeout(timer);
    },
  };
}

/** The server that listens. Its own reading of a connection starts once that is known as HTTP/1. */
function http1Server(
  { onRequest, requestTimeoutMs }: DualServerOptions,
  deps: { sockets: Set<Socket>; onHttp2(socket: Socket): void },
): Server {
  const server = createHttp1Server({
    maxHeaderSize: headBytesMax,
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    // Longer than proxies keep theirs, so that it is they who close.
    keepAliveTimeout: 65_000,
  });
  server.maxConnections = connectionCountMax;
  // Node drops headers beyond this count without a word; the check of the head wants to see them.
  server.maxHeadersCount = 0;
  server.on("request", onRequest);
  const serveHttp1 = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    deps.sockets.add(socket);
    socket.once("close", () => deps.sockets.delete(socket));
    sniff(socket, {
      timeoutMs: requestTimeoutMs,
      serve(protocol) {
        if (protocol === "http2") return deps.onHttp2(socket);
        for (const serve of serveHttp1) serve.call(server, socket);
      },
    });
  });
  return server;
}

function http2Server({ onRequest }: DualServerOptions, sessions: Set<ServerHttp2Session>) {
  const server = createHttp2Server({
    // Above our own limits, so that the answer is 431 and not a broken stream.
    maxHeaderListPairs: 2 * headerCountMax,
    settings: {
      maxHeaderListSize: 4 * headBytesMax,
      maxConcurrentStreams: 256,
      initialWindowSize: windowBytes,
    },
  });
  server.on("request", onRequest);
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(8 * windowBytes);
    session.once("close", () => sessions.delete(session));
  });
  // A broken session is its peer's problem, and ends with its streams.
  server.on("sessionError", () => {});
  return server;
}
