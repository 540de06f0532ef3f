import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A receiver that answers in bytes, as badly as it likes. */
export interface RawReceiver {
  readonly port: number;
  /** `http://127.0.0.1:<port>/hook`, or https where it speaks TLS. */
  readonly url: string;
  /** What came, one entry a chunk: our requests are small enough to come in one. */
  readonly requests: readonly string[];
  /** How many connections were made to it. */
  readonly connectionCount: number;
  /** Resolves when the connection made last is gone. */
  lastClosed(): Promise<void>;
  close(): Promise<void>;
}

/** What a receiver does when a request has come; `index` counts requests from 0. */
export type Answer = (socket: Socket, index: number) => void;

/** Starts one on 127.0.0.1; with `tls` it speaks TLS. `onConnection` may act before any request. */
export async function rawReceiver(
  answer: Answer,
  options: { tls?: TlsOptions; onConnection?: (socket: Socket) => void } = {},
): Promise<RawReceiver> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = options.tls ? createTlsServer(options.tls) : createServer();
  server.on(options.tls ? "secureConnection" : "connection", accept);
  server.on("connection", (socket: Socket) => sockets.push(socket.on("error", () => {})));
  const port = await listen(server);
  return {
    port,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}/hook`,
    requests,
    get connectionCount() {
      return sockets.length;
    },
    async lastClosed() {
      const last = sockets.at(-1);
      if (last === undefined || last.closed) return;
      await new Promise<void>((resolve) => last.once("close", () => resolve()));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };

  function accept(socket: Socket): void {
    socket.on("error", () => {});
    options.onConnection?.(socket);
    socket.on("data", (chunk: Buffer) => {
      requests.push(chunk.toString("latin1"));
      answer(socket, requests.length - 1);
    });
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that was told to listen on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

/** Gives a complete answer with a body. */
export function answerOf(status: number, body: string, headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status} X`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
