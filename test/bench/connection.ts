import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { readMessages } from "./messages.ts";

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A connection that is kept, with one request under way at a time. */
export interface Connection {
  /** Sends a request, as `request` makes it. Throws when the connection ends before the answer. */
  ask(request: Buffer): Promise<Answer>;
  close(): void;
}

/** Connects to an origin (`http://host:port`). */
export async function openConnection(origin: string): Promise<Connection> {
  const { hostname, port } = new URL(origin);
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  readMessages(socket, ({ head, body }) => {
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
    waiting = undefined;
  });
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => waiting?.reject(new Error(`${origin} closed a connection`)));
  return {
    ask(bytes) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(bytes);
      });
    },
    close() {
      socket.destroy();
    },
  };
}

/** Gives a request's bytes, which may be sent any number of times. */
export function request(
  method: string,
  url: URL,
  { headers = {}, body = "" }: { headers?: Readonly<Record<string, string>>; body?: string } = {},
): Buffer {
  const content = Buffer.from(body);
  const all = { host: url.host, ...headers, "content-length": String(content.length) };
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${fields.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}
