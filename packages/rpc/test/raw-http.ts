import { once } from "node:events";
import { connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";

/** What came of a request made by hand. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Opens a connection, writes the pieces one by one, and reads until the other side closes. */
export async function exchange(port: number, pieces: readonly (string | Buffer)[]) {
  const socket = await openSocket(port);
  for (const piece of pieces) await write(socket, piece);
  return await readAll(socket);
}

/** Opens a connection to 127.0.0.1. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Writes and waits until it is written. */
export async function write(socket: Socket, piece: string | Buffer): Promise<void> {
  await new Promise((resolve) => socket.write(piece, resolve));
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1");
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** Makes one request over HTTP/2; `end: false` leaves its body open. */
export async function requestHttp2(
  url: string,
  headers: OutgoingHttpHeaders,
  { body, end = true }: { body?: Buffer; end?: boolean } = {},
): Promise<RawAnswer> {
  const session = connectHttp2(url);
  try {
    const stream = session.request(headers);
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.on("trailers", (got) => {
      trailers = got;
    });
    if (body !== undefined) stream.write(body);
    if (end) stream.end();
    const [answerHeaders] = await once(stream, "response");
    let text = "";
    stream.setEncoding("utf8");
    for await (const chunk of stream) text += String(chunk);
    return {
      status: Number(answerHeaders[":status"]),
      headers: answerHeaders,
      trailers,
      body: text,
    };
  } finally {
    session.destroy();
  }
}
