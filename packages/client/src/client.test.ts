import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { posthornClient } from "./client.ts";

/** A server that answers every call alike, and what a call to it fails with. */
async function failureOf(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const client = posthornClient({ url: `http://127.0.0.1:${port}`, key: "ph_x", timeoutMs: 300 });
  return await client.apiKeys.getOwnApiKey({}).catch((error: unknown) => error);
}

const json = { "content-type": "application/json" };

test.each<[string, RequestListener, object]>([
  [
    "a page of another server",
    (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>Hello</p>"),
    { reason: "not_posthorn" },
  ],
  [
    "a 404 of another server",
    (_, response) => response.writeHead(404).end(),
    { reason: "not_posthorn" },
  ],
  [
    "a proxy that reaches nobody",
    (_, response) => response.writeHead(502).end(),
    { reason: "unreachable" },
  ],
  [
    "a defect",
    (_, response) =>
      response
        .writeHead(500, json)
        .end('{"code":"internal","message":"internal error (request req_1)"}'),
    { reason: "internal", message: "internal error (request req_1)" },
  ],
  ["a connection that breaks", ({ socket }) => socket.destroy(), { reason: "unreachable" }],
  ["no answer", () => {}, { reason: "deadline", isRetryable: true }],
])("says of %s what it is", async (_, listener, error) => {
  expect(await failureOf(listener)).toMatchObject({ name: "PosthornError", ...error });
});

test("says that nobody listens there", async () => {
  const client = posthornClient({ url: "http://127.0.0.1:1", key: "ph_x" });
  await expect(client.apiKeys.getOwnApiKey({})).rejects.toMatchObject({
    reason: "unreachable",
    message: "the connection is refused",
  });
});

test("sends the key as a bearer", async () => {
  const seen: unknown[] = [];
  await failureOf(({ headers }, response) => {
    seen.push(headers.authorization, headers["user-agent"]);
    response.writeHead(200, { "content-type": "application/proto" }).end();
  });
  expect(seen).toEqual(["Bearer ph_x", "posthorn-client"]);
});
