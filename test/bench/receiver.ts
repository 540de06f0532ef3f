/**
 * A receiver in a process of its own: answers 200 and notes when each webhook-id came, by the
 * machine's monotonic clock, which all processes share. `GET /arrivals` gives and forgets them.
 */
import { createServer } from "node:http";

let arrivals: [string, number][] = [];

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(arrivals));
    arrivals = [];
    return;
  }
  const id = request.headers["webhook-id"];
  request.on("data", () => {});
  request.on("end", () => {
    arrivals.push([String(id), Number(process.hrtime.bigint() / 1000n)]);
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`port ${typeof address === "object" ? address?.port : ""}`);
});
