import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a server that tests can cut. */
export interface Cuttable {
  /** The server's URL, by this way. */
  readonly url: string;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Lets connections through again. */
  mend(): void;
  /** Connections that were refused so far. */
  readonly refusedCount: number;
  close(): Promise<void>;
}

/** Opens a way to the server of a URL. */
export async function cuttable(serverUrl: string): Promise<Cuttable> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  let refusedCount = 0;
  const server = createServer((socket) => {
    if (isCut) {
      refusedCount += 1;
      return void socket.resetAndDestroy();
    }
    const onward = connect(Number(target.port), target.hostname);
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on("error", () => {}); // Seen by both ends as a broken connection.
      each.on("close", () => sockets.delete(each));
    }
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = new URL(serverUrl);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" && address !== null ? address.port : "");
  const drop = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    get refusedCount() {
      return refusedCount;
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
