import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import {
  PublishEventRequestSchema,
  PublishService,
} from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { metrics } from "@posthorn/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, keys } from "../test/fixture.ts";
import { exchange, openSocket, requestHttp2, write } from "../test/raw-http.ts";
import { type RunningServer, runServer } from "../test/run-server.ts";
import { appClient } from "./client.ts";
import { remoteTransport } from "./remote-transport.ts";

const publishPath = "/posthorn.ingestion.v1.PublishService/PublishEvent";
const authorization = `Bearer ${keys.operator}`;
const json = { authorization, "content-type": "application/json" };
const grpc = {
  ":method": "POST",
  ":path": publishPath,
  authorization,
  "content-type": "application/grpc",
  te: "trailers",
};
const goodBody = JSON.stringify({ workspace: "acme", event: { type: "echo" } });

/** A request in the frame that gRPC puts around it. */
function grpcFrame(request: MessageInitShape<typeof PublishEventRequestSchema>): Buffer {
  const message = toBinary(PublishEventRequestSchema, create(PublishEventRequestSchema, request));
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** The head of a publish over HTTP/1.1, with further lines. */
function head(...lines: string[]): string {
  return [
    `POST ${publishPath} HTTP/1.1`,
    "host: x",
    `authorization: ${authorization}`,
    "content-type: application/json",
    ...lines,
    "",
    "",
  ].join("\r\n");
}

describe("rpcServer", () => {
  const state = { isReady: true };
  let server: RunningServer;
  beforeAll(async () => {
    const registry = metrics();
    const { routes, interceptors } = fixture({ metrics: registry });
    const ready = () => state.isReady;
    server = await runServer({
      routes,
      interceptors,
      metrics: registry,
      ready,
    });
  });
  afterAll(() => server.stop());

  async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
    const options = { method: "POST", headers: { ...json, ...headers }, body };
    const response = await fetch(server.url + path, options);
    return { status: response.status, body: await response.json() };
  }

  test("answers a plain JSON request", async () => {
    const { status, body } = await post(publishPath, goodBody);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: "evt_1", type: "echo" });
  });

  test("refuses a body that is no protobuf as an invalid argument, by Connect and gRPC", async () => {
    const broken = Buffer.from([0x0a, 0x04, 0x61]);
    const { status, body } = await post(publishPath, broken, {
      "content-type": "application/proto",
    });
    expect([status, body]).toMatchObject([400, { code: "invalid_argument" }]);
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, broken.length]), broken]);
    const { trailers } = await requestHttp2(server.url, grpc, { body: frame });
    expect(trailers).toMatchObject({ "grpc-status": "3" });
  });

  test("refuses JSON that is no UTF-8, rather than altering it", async () => {
    const body = Buffer.from(goodBody.replace("echo", "ech?")).map((it) =>
      it === 0x3f ? 0xff : it,
    );
    const answer = await post(publishPath, Buffer.from(body));
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
  });

  describe("its probes", () => {
    test("tell that it lives and is ready", async () => {
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      state.isReady = false;
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      state.isReady = true;
    });

    test("give metrics of the calls", async () => {
      await post(publishPath, goodBody);
      const response = await fetch(`${server.url}/metrics`);
      expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
      expect(await response.text()).toContain("posthorn_rpc_duration_seconds_count");
    });

    test("work over HTTP/2 too", async () => {
      const { status, body } = await requestHttp2(server.url, { ":path": "/livez" });
      expect([status, body]).toEqual([200, "ok\n"]);
    });

    test("take no other method, and there are no other paths", async () => {
      const response = await fetch(`${server.url}/livez`, { method: "POST" });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
      expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    });
  });

  describe("one port", () => {
    test("takes HTTP/1.1 that comes in pieces", async () => {
      const request = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
      expect(await exchange(server.port, [...request])).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    });

    test("takes methods that start like HTTP/2", async () => {
      const request = "PROPFIND /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
      const answer = await exchange(server.port, ["P", "R", request.slice(2)]);
      expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    });

    test("takes HTTP/2 that comes in pieces", async () => {
      const socket = await openSocket(server.port);
      const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
      for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") await write(socket, byte);
      await write(socket, settings);
      const [frame]: Buffer[] = await once(socket, "data");
      socket.destroy();
      expect(frame?.[3]).toBe(4);
    });

    test("answers what is no HTTP with 400", async () => {
      expect(await exchange(server.port, ["\x16\x03\x01\x02\x00\x01"])).toMatch(/^HTTP\/1\.1 400 /);
    });

    test("answers a host that is none with 400", async () => {
      const request = head("content-length: 2", "connection: close").replace(
        "host: x",
        "host: a b",
      );
      expect(await exchange(server.port, [request, "{}"])).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  describe("limits", () => {
    test("refuse a head of more than 16 KiB with 431", async () => {
      const long = "x".repeat(16 * 1_024);
      const answer = await exchange(server.port, [head(`x-long: ${long}`, "content-length: 0")]);
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      const overHttp2 = await requestHttp2(server.url, { ":path": "/livez", "x-long": long });
      expect(overHttp2.status).toBe(431);
    });

    test("refuse more than 100 headers with 431, and take 100", async () => {
      const many = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "1"]));
      const lines = Object.keys(many(100)).map((name) => `${name}: 1`);
      const answer = await exchange(server.port, [
        head(...lines, "content-length: 0", "connection: close"),
      ]);
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      expect((await requestHttp2(server.url, { ":path": "/livez", ...many(101) })).status).toBe(
        431,
      );
      expect((await requestHttp2(server.url, { ":path": "/livez", ...many(96) })).status).toBe(200);
    });

    test.each(["key", "api_key", "access_token", "KEY"])("refuse ?%s= with 400", async (name) => {
      const path = `${publishPath}?a=1&${name}=${keys.operator}`;
      const { status, body } = await post(path, goodBody);
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: "invalid_argument" });
      expect(JSON.stringify(body)).not.toContain(keys.operator);
      expect((await requestHttp2(server.url, { ":path": `/livez?${name}=x` })).status).toBe(400);
    });

    test("refuse a body of more than 8 MiB", async () => {
      const { status, body } = await post(publishPath, Buffer.alloc(8 * 1_024 * 1_024 + 1));
      expect(status).toBe(429);
      expect(body).toMatchObject({ code: "resource_exhausted" });
    });

    test("refuse a small body that unpacks to more than 8 MiB", async () => {
      const bomb = gzipSync(Buffer.alloc(64 * 1_024 * 1_024));
      const { body } = await post(publishPath, bomb, { "content-encoding": "gzip" });
      expect(body).toMatchObject({ code: "resource_exhausted" });
    });

    test("refuse a gRPC frame that announces 4 GiB, before it comes", async () => {
      const body = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
      const { trailers, headers } = await requestHttp2(server.url, grpc, { body, end: false });
      expect({ ...headers, ...trailers }).toMatchObject({ "grpc-status": "8" });
    });

    test.each(["99999999H", "99999999M"])("take grpc-timeout %s for none", async (timeout) => {
      const body = grpcFrame({ workspace: "acme", event: { type: "echo" } });
      const { trailers } = await requestHttp2(
        server.url,
        { ...grpc, "grpc-timeout": timeout },
        { body },
      );
      expect(trailers).toMatchObject({ "grpc-status": "0" });
    });

    test("take a deadline of weeks for none", async () => {
      const { status } = await post(publishPath, goodBody, { "connect-timeout-ms": "9999999999" });
      expect(status).toBe(200);
    });
  });
});

describe("what is slow to arrive", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await runServer({ ...fixture(), requestTimeoutMs: 200 });
  });
  afterAll(() => server.stop());

  test("is cut off when it says nothing", async () => {
    expect(await exchange(server.port, [])).toBe("");
    expect(await exchange(server.port, ["P"])).toBe("");
  });

  test("is answered with 408 while in its head", async () => {
    const answer = await exchange(server.port, [`POST ${publishPath} HTTP/1.1\r\nhost: x\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("is answered with 408 while in its body", async () => {
    const answer = await exchange(server.port, [head("content-length: 10"), "{"]);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("is answered with 408 while in its body, over HTTP/2", async () => {
    const headers = { ":method": "POST", ":path": publishPath, ...json };
    const body = Buffer.from("{");
    const { status } = await requestHttp2(server.url, headers, { body, end: false });
    expect(status).toBe(408);
  });

  test("may take its time as a stream over HTTP/2", async () => {
    const transport = remoteTransport({ url: server.url });
    const publish = appClient(PublishService, transport);
    async function* requests() {
      yield { workspace: "acme", event: { type: "a" } };
      // A request that starts later is out of time before the stream goes on.
      const headers = { ":method": "POST", ":path": publishPath, ...json };
      const { status } = await requestHttp2(server.url, headers, { end: false });
      expect(status).toBe(408);
      yield { workspace: "acme", event: { type: "a" } };
    }
    const answer = await publish.streamPublishEvents(requests(), { headers: { authorization } });
    transport.close();
    expect(answer.acceptedCount).toBe(2n);
  });
});

describe("a stop of rpcServer", () => {
  async function setup(options: { drainTimeoutMs?: number } = {}) {
    const served = fixture();
    const server = await runServer({ ...served, ...options });
    const transport = remoteTransport({ url: server.url });
    const headers = { authorization };
    const publish = appClient(PublishService, transport);
    const deliveries = appClient(DeliveryService, transport);
    return { server, transport, headers, publish, deliveries, seen: served.seen };
  }

  test("lets calls under way end", async () => {
    const { server, transport, headers, publish, seen } = await setup();
    const going = Promise.withResolvers<void>();
    async function* requests() {
      yield { workspace: "acme", event: { type: "a" } };
      await going.promise;
      yield { workspace: "acme", event: { type: "a" } };
    }
    const call = publish.streamPublishEvents(requests(), { headers });
    await publish.publishEvent({ workspace: "acme", event: { type: "echo" } }, { headers });
    const stopped = server.stop();
    going.resolve();
    expect((await call).acceptedCount).toBe(2n);
    await stopped;
    transport.close();
    expect(seen.aborted.size).toBeLessThanOrEqual(1);
  });

  test("ends streams of answers at once", async () => {
    const { server, transport, headers, deliveries, seen } = await setup();
    const watching = deliveries.watchAttempts({ workspace: "acme", webhook: "hang" }, { headers });
    const messages = watching[Symbol.asyncIterator]();
    await messages.next();
    const startedAtMs = performance.now();
    const rest = (async () => {
      await messages.next();
      await messages.next();
    })().catch((error: unknown) => error);
    await server.stop();
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(seen.aborted.has("hang")).toBe(true);
    expect(await rest).toMatchObject({ name: "AppError", reason: "unavailable" });
    transport.close();
  });

  test("does not wait for ever for a call that hangs", async () => {
    const { server, transport, headers, publish } = await setup({ drainTimeoutMs: 20 });
    const request = { workspace: "acme", event: { type: "hang" } };
    const call = publish.publishEvent(request, { headers }).catch((error: unknown) => error);
    await publish.publishEvent({ workspace: "acme", event: { type: "echo" } }, { headers });
    await server.stop();
    const error = await call;
    expect(error instanceof AppError && error.reason).toBe("unavailable");
    transport.close();
  });

  test("takes no further connections", async () => {
    const { server, transport, publish, headers } = await setup();
    await server.stop();
    await expect(openSocket(server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const request = { workspace: "acme", event: { type: "echo" } };
    await expect(publish.publishEvent(request, { headers })).rejects.toMatchObject({
      reason: "unavailable",
      message: "posthorn.ingestion.v1.PublishService cannot be reached",
    });
    transport.close();
  });

  test("cuts idle connections of both protocols", async () => {
    const { server, transport, headers, publish } = await setup();
    await publish.publishEvent({ workspace: "acme", event: { type: "echo" } }, { headers });
    const idle = await openSocket(server.port);
    await write(idle, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(idle, "data");
    const silent = await openSocket(server.port);
    await server.stop();
    idle.destroy();
    silent.destroy();
    transport.close();
  });

  test("fails when its port is taken", async () => {
    const { server, transport } = await setup();
    const other = fixture();
    const second = runServer({ ...other, port: server.port });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
    await server.stop();
    transport.close();
  });
});
