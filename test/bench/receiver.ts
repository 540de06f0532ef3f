/**
 * A receiver in a process of its own. Answers 200 and notes when each webhook-id came, by the
 * machine's monotonic clock, which all processes share; paths that begin with `/hang` are never
 * answered, those that begin with `/count` or `/held` are only counted.
 * `GET /arrivals` gives and forgets what was noted, `GET /counts` gives how many came by path.
 */
import { createServer } from "node:http";
import { monotonicUs } from "./clock.ts";

let arrivals: [path: string, id: string, atUs: number][] = [];
const counts = new Map<string, number>();

const server = createServer((request, response) => {
  const { method, url = "" } = request;
  if (method === "GET") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(url === "/counts" ? Object.fromEntries(counts) : arrivals));
    if (url === "/arrivals") arrivals = [];
    return;
  }
  const id = String(request.headers["webhook-id"]);
  request.on("data", () => {});
  request.on("end", () => {
    const kind = `/${url.split("/")[1]}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === "/hang") return;
    if (kind !== "/count" && kind !== "/held") arrivals.push([url, id, monotonicUs()]);
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`port ${typeof address === "object" ? address?.port : ""}`);
});
