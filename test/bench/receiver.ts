/**
 * A receiver in a process of its own. Answers 200 and notes when each webhook-id came, by the
 * machine's monotonic clock, which all processes share; paths that begin with `/hang` are never
 * answered, those that begin with `/count` or `/held` are only counted.
 * `GET /arrivals` gives and forgets what was noted, `GET /counts` gives how many came by path.
 */
import { createServer, type Socket } from "node:net";
import { monotonicUs } from "./clock.ts";
import { headerOf, readMessages } from "./messages.ts";

let arrivals: [path: string, id: string, atUs: number][] = [];
const counts = new Map<string, number>();

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  readMessages(socket, ({ head }) => {
    const [method = "", url = ""] = head.slice(0, head.indexOf("\r\n")).split(" ");
    if (method === "GET") tell(socket, url);
    else take(socket, url, headerOf(head, "webhook-id") ?? "");
  });
});

function tell(socket: Socket, url: string): void {
  const told = JSON.stringify(url === "/counts" ? Object.fromEntries(counts) : arrivals);
  if (url === "/arrivals") arrivals = [];
  answer(socket, told);
}

function take(socket: Socket, url: string, id: string): void {
  const kind = `/${url.split("/")[1]}`;
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (kind === "/hang") return;
  if (kind !== "/count" && kind !== "/held") arrivals.push([url, id, monotonicUs()]);
  answer(socket, "");
}

function answer(socket: Socket, body: string): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`port ${typeof address === "object" ? address?.port : ""}`);
});
