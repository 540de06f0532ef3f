import { connect } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { WebhookHealthService } from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { newApiKey } from "@posthorn/rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendOf, publicServices } from "./public-services.ts";
import { exchange, type TestGateway, testGateway } from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(async () => {
  await gateway.stop();
});

const auth = { authorization: "Bearer k" };
const json = { ...auth, "content-type": "application/json" };
const events = "/v1/workspaces/acme/events";

async function call(method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(gateway.url + path, { method, headers: auth, ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe("REST", () => {
  it("publishes an event with 202 and keeps its bytes", async () => {
    const body = '{"type":"a.b", "data": {"n":1.10, "u":"\\u00e9",\n"z":12345678901234567890123}}';
    const answer = await call("POST", events, { headers: json, body });
    expect(answer.status).toBe(202);
    expect(answer.text).toContain('"data":{"n":1.10, "u":"\\u00e9",\n"z":12345678901234567890123}');
  });

  it("hands on key, idempotency key, trace and request id, and nothing else", async () => {
    const headers = {
      ...json,
      "idempotency-key": "order 7",
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "x-request-id": "req-7",
      "x-forwarded-for": "203.0.113.9",
    };
    const answer = await call("POST", events, { headers, body: '{"type":"a"}' });
    const seen = gateway.calls.at(-1)?.header;
    expect(answer.headers.get("x-request-id")).toBe("req-7");
    expect(seen?.get("authorization")).toBe("Bearer k");
    expect(seen?.get("idempotency-key")).toBe("order 7");
    expect(seen?.get("traceparent")).toBe(headers.traceparent);
    expect(seen?.get("x-request-id")).toBe("req-7");
    expect(seen?.get("x-forwarded-for")).toBeNull();
  });

  it("hands on an empty idempotency key, which the service has to refuse", async () => {
    const headers = { ...json, "idempotency-key": "" };
    await call("POST", events, { headers, body: '{"type":"a"}' });
    expect(gateway.calls.at(-1)?.header.get("idempotency-key")).toBe("");
  });

  it.each(["", ";", "json"])("refuses the content type %j with 415, as no defect", async (type) => {
    const headers = { ...json, "content-type": type };
    for (const path of [events, "/posthorn.ingestion.v1.PublishService/PublishEvent"]) {
      const answer = await call("POST", path, { headers, body: '{"type":"a"}' });
      expect(answer.status).toBe(415);
    }
    expect(gateway.logText()).not.toContain("request failed");
  });

  it("answers what a service refuses as google.rpc.Status", async () => {
    const answer = await call("GET", "/v1/workspaces/acme/webhooks/wh_2");
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({
      code: 5,
      message: "no webhook wh_2",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "NOT_FOUND",
          domain: "posthorn",
        },
      ],
    });
  });

  it("tells no more of a defect than the request id", async () => {
    const headers = { ...auth, "x-request-id": "req-9" };
    const answer = await call("GET", "/v1/workspaces/acme/webhooks/wh_defect", { headers });
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text).message).toBe("internal error (request req-9)");
  });

  it("answers an unknown path with 404 and a known one's other methods with 405", async () => {
    const other = await call("PUT", events);
    expect((await call("GET", "/v1/nothing")).status).toBe(404);
    expect((await call("GET", "/")).status).toBe(404);
    expect(other.status).toBe(405);
    expect(other.headers.get("allow")).toBe("GET, HEAD, POST");
  });

  it("answers HEAD as GET, without a body", async () => {
    const answer = await call("HEAD", "/v1/workspaces/acme/webhooks/wh_1");
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it.each([
    `${SubscriptionSyncService.typeName}/CheckKey`,
    `${WebhookHealthService.typeName}/GetWebhookHealth`,
  ])("never routes the internal %s", async (method) => {
    const path = `/${method}`;
    const answer = await call("POST", path, { headers: json, body: "{}" });
    expect(answer.status).toBe(404);
  });

  it("refuses a call without a key before it reads the body", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await call("POST", events, { headers, body: "no JSON" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it("takes a provider file as YAML", async () => {
    const headers = { ...auth, "content-type": "application/yaml" };
    const path = "/v1/providers:apply?validateOnly=true";
    const answer = await call("POST", path, { headers, body: "name: demo\n" });
    expect(answer.status).toBe(200);
    expect(gateway.calls.at(-1)?.message).toMatchObject({
      validateOnly: true,
      file: { contentType: "application/yaml", data: new TextEncoder().encode("name: demo\n") },
    });
  });

  it.each([
    ["text/xml", {}],
    ["application/x-www-form-urlencoded", {}],
    ["application/json; charset=utf-16", {}],
    ["application/json", { "content-encoding": "gzip" }],
  ])("refuses a body of type %s with %j as 415", async (type, further) => {
    const headers = { ...json, "content-type": type, ...further };
    expect((await call("POST", events, { headers, body: "{}" })).status).toBe(415);
  });

  it("streams attempts as lines of JSON, the first as soon as it is there", async () => {
    const aborting = new AbortController();
    const response = await fetch(`${gateway.url}/v1/workspaces/acme/attempts:watch`, {
      headers: auth,
      signal: aborting.signal,
    });
    const { value } = (await response.body?.getReader().read()) ?? {};
    aborting.abort();
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(Buffer.from(value ?? []).toString()).toMatch(/^\{"id":"att_1".*"a\\nb".*\}\n$/);
  });

  it("streams server-sent events to whoever accepts them", async () => {
    const aborting = new AbortController();
    const response = await fetch(`${gateway.url}/v1/workspaces/acme/attempts:watch`, {
      headers: { ...auth, accept: "text/event-stream" },
      signal: aborting.signal,
    });
    const { value } = (await response.body?.getReader().read()) ?? {};
    aborting.abort();
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(Buffer.from(value ?? []).toString()).toMatch(/^data: \{"id":"att_1".*\}\n\n$/);
  });
});

describe("a service with errors of its own", () => {
  const webhooks = "/workspaces/acme/webhooks";
  const noKey = { headers: {} };
  const yaml = { headers: { ...auth, "content-type": "application/yaml" }, body: "a: 1" };

  it.each<[number, string, string, RequestInit]>([
    [401, "GET", webhooks, noKey],
    [401, "GET", `${webhooks}?api_key=x`, {}],
    [404, "GET", `${webhooks}/wh_2`, {}],
    [404, "GET", "/webhooks", {}],
    [404, "GET", "/webhooks/unknown/path", noKey],
    [404, "POST", "/workspaces", {}],
    [405, "PATCH", webhooks, {}],
    [405, "DELETE", "/webhooks/events", noKey],
    [400, "GET", "/workspaces/%zz/webhooks", {}],
    [400, "GET", `${webhooks}?unknown=1`, {}],
    [400, "POST", webhooks, { headers: json, body: "{]" }],
    [400, "POST", webhooks, { headers: json, body: '{"unknown":1}' }],
    [415, "POST", webhooks, yaml],
    [415, "POST", webhooks, { ...yaml, headers: { ...auth, "content-type": ";" } }],
    [500, "GET", `${webhooks}/wh_defect`, {}],
  ])("answers %d to %s %s in that form", async (status, method, path, init) => {
    const answer = await call(method, path, init);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({
      data: null,
      error: { code: status, message: expect.any(String) },
    });
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  it("has it for what is refused by its head alone", async () => {
    const head = ["content-length: 10737418240", "authorization: Bearer k"].join("\r\n");
    const answer = await exchange(gateway.url, (write) =>
      write(`POST ${webhooks} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`),
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('{"data":null,"error":{"code":413,');
  });

  it("leaves all other paths theirs", async () => {
    for (const path of ["/v1/nothing", "/nothing", "/hooks/x/y/z", "/webhookss"]) {
      expect(JSON.parse((await call("GET", path)).text)).toMatchObject({ code: 5 });
    }
  });

  it("may answer 204, without a body, its type or its length", async () => {
    const answer = await exchange(gateway.url, (write) =>
      write(
        `DELETE ${webhooks}/wh_1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: close\r\n\r\n`,
      ),
    );
    expect(answer).toMatch(/^HTTP\/1.1 204 /);
    expect(answer).not.toMatch(/^(content-length|content-type|transfer-encoding):/im);
    expect(answer).toMatch(/\r\n\r\n$/);
  });
});

it("ends a stream at once for HEAD, and the connection goes on", async () => {
  const head = await call("HEAD", "/v1/workspaces/acme/attempts:watch");
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  expect((await call("GET", "/livez")).status).toBe(200);
});

describe("limits", () => {
  const head = (lines: string[]) =>
    `POST ${events} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n${lines.join("\r\n")}\r\n\r\n`;

  it("refuses a Content-Length of 10 GiB with 413 before reading", async () => {
    const answer = await exchange(gateway.url, (write) =>
      write(head(["content-length: 10737418240"])),
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toMatch(/connection: close/i);
  });

  it("refuses an endless chunked body with 413 at the limit and closes", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const answer = await exchange(gateway.url, (write) => {
      write(head(["transfer-encoding: chunked", "content-type: application/json"]));
      const timer = setInterval(() => {
        for (let count = 0; count < 32; count += 1) if (!write(chunk)) break;
      }, 5);
      timer.unref();
    });
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  it("refuses a head of 64 KiB, and one of 200 headers, with 431", async () => {
    const large = await exchange(gateway.url, (write) =>
      write(head([`x-a: ${"a".repeat(65_536)}`])),
    );
    const lines = Array.from({ length: 200 }, (_, index) => `x-${index}: 1`);
    const many = await exchange(gateway.url, (write) => {
      write(head([...lines, "connection: close", "content-length: 0"]));
    });
    expect(large).toMatch(/^HTTP\/1.1 431 /);
    expect(many).toMatch(/^HTTP\/1.1 431 /);
  });

  it("refuses Content-Length beside Transfer-Encoding with 400 and closes", async () => {
    const answer = await exchange(gateway.url, (write) => {
      write(`${head(["content-length: 2", "transfer-encoding: chunked"])}2\r\n{}\r\n0\r\n\r\n`);
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('"reason":"INVALID"');
  });

  it.each([["api_key=x"], ["pageSize=1&Token=x"], ["q=KEY"], ["KEY"]])(
    "refuses a key in the query %s and never logs it",
    async (query) => {
      const key = newApiKey("ph_");
      const path = `/v1/workspaces/acme/webhooks?${query.replace("KEY", key)}`;
      const answer = await call("GET", path);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(key);
      expect(gateway.logText()).not.toContain(key);
    },
  );

  it("reads a body that comes in pieces", async () => {
    const body = `{"type":"a.b","data":"${"x".repeat(200_000)}"}`;
    const answer = await call("POST", events, { headers: json, body });
    expect(answer.text).toBe(`{"id":"evt_1",${body.slice(1)}`);
  });

  it("asks no service for a body that broke off, and takes it for no defect", async () => {
    const broken = await testGateway();
    const socket = connect(Number(new URL(broken.url).port), "127.0.0.1");
    socket.write(`${head(["content-length: 100", "content-type: application/json"])}{`);
    await setImmediate();
    socket.destroy();
    await broken.stop();
    expect(broken.calls).toEqual([]);
    expect(broken.logText()).not.toContain('"level":"error"');
  });

  it("cuts a body that comes too slowly off with 408", async () => {
    const slow = await testGateway({ requestTimeoutMs: 300 });
    const answer = await exchange(slow.url, (write) => {
      write(`${head(["content-length: 100", "content-type: application/json"])}{`);
      const timer = setInterval(() => write(" "), 50);
      timer.unref();
    });
    await slow.stop();
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(slow.logText()).not.toContain('"level":"error"');
  });

  it("takes a path of any length that fits the head", async () => {
    const answer = await call("GET", `/v1/workspaces/acme/webhooks/${"w".repeat(2_000)}`);
    expect(answer.status).toBe(404);
  });

  it.each([
    ["/v1/workspaces/%zz/webhooks"],
    ["/v1/workspaces/%ff/webhooks"],
    ["/v1/workspaces/acme/webhooks?pageToken=%zz"],
  ])("refuses the malformed encoding of %s with 400", async (path) => {
    expect((await call("GET", path)).status).toBe(400);
  });
});

describe("RPC", () => {
  const transports = {
    "Connect by HTTP/1.1": () =>
      createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
    "gRPC-Web": () => createGrpcWebTransport({ baseUrl: gateway.url }),
    "gRPC on its own port": () => createGrpcTransport({ baseUrl: gateway.grpcUrl }),
  };

  it.each(Object.entries(transports))("is passed through by %s", async (_, transport) => {
    const client = createClient(WebhookService, transport());
    const request = { workspace: "acme", webhook: "wh_1" };
    const webhook = await client.getWebhook(request, { headers: auth });
    expect(webhook.url).toBe("https://example.com/");
    expect(gateway.calls.at(-1)?.header.get("authorization")).toBe("Bearer k");
  });

  it.each(Object.entries(transports))("keeps a refusal's details by %s", async (_, transport) => {
    const client = createClient(WebhookService, transport());
    const request = { workspace: "acme", webhook: "wh_2" };
    await expect(client.getWebhook(request)).rejects.toMatchObject({
      rawMessage: "no webhook wh_2",
      details: [{ type: "google.rpc.ErrorInfo" }],
    });
  });

  it("takes a stream of events by gRPC", async () => {
    const client = createClient(PublishService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    async function* requests() {
      for (const type of ["a", "b", "c"]) yield { workspace: "acme", event: { type } };
    }
    const { acceptedCount } = await client.streamPublishEvents(requests());
    expect(acceptedCount).toBe(3n);
  });

  it("refuses internal services on the gRPC port", async () => {
    const transport = createGrpcTransport({ baseUrl: gateway.grpcUrl });
    const client = createClient(SubscriptionSyncService, transport);
    await expect(client.checkKey({})).rejects.toThrow();
  });
});

describe("what the instance tells of itself", () => {
  it("serves probes, metrics and outgoing addresses without a key", async () => {
    const headers = {};
    expect((await call("GET", "/livez", { headers })).status).toBe(200);
    expect((await call("GET", "/readyz", { headers })).status).toBe(200);
    const ips = await call("GET", "/v1/outgoing-ips", { headers });
    expect(ips.text).toBe('{"ips":["192.0.2.7"]}');
    const metrics = await call("GET", "/metrics", { headers });
    expect(metrics.text).toContain('route="/v1/workspaces/{workspace}/events",status="202"');
  });

  it("is not ready while its services are not", async () => {
    const waiting = await testGateway({ isReady: () => false });
    const response = await fetch(`${waiting.url}/readyz`);
    await waiting.stop();
    expect(response.status).toBe(503);
  });

  it("has no paths of services that it was not told of", async () => {
    const services = publicServices.filter((service) => backendOf(service) !== "compat");
    const without = await testGateway({ services });
    const statuses = [without.url, gateway.url].map(async (url) => {
      const answers = ["/hooks", "/v1/workspaces/acme/webhooks/wh_1"].map((path) =>
        fetch(url + path, { headers: auth }),
      );
      return (await Promise.all(answers)).map(({ status }) => status);
    });
    const [few, all] = await Promise.all(statuses);
    await without.stop();
    // Nobody answers by script for the other system's API.
    expect([few, all]).toEqual([
      [404, 200],
      [501, 200],
    ]);
  });

  it("serves the API's description and a page for it from this host alone", async () => {
    const page = await call("GET", "/docs");
    const script = await call("GET", "/docs/scalar.js");
    const openapi = JSON.parse((await call("GET", "/openapi.json")).text);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(page.text).not.toMatch(/https?:/);
    expect(script.text).toContain("createApiReference");
    expect(openapi.openapi).toBe("3.1.0");
  });

  it("serves what editors check provider files by", async () => {
    const response = await call("GET", "/provider.schema.json");
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(JSON.parse(response.text)).toMatchObject({ required: ["name"] });
  });
});

it("stops although a stream is open", async () => {
  const stopping = await testGateway();
  const response = await fetch(`${stopping.url}/v1/workspaces/acme/attempts:watch`, {
    headers: auth,
  });
  const text = response.text().catch(() => "cut off");
  await stopping.stop();
  expect(await text).toBe("cut off");
});
