import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { EventService } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";

let posthorn: Posthorn;
beforeAll(async () => {
  posthorn = await oneProcess();
}, 120_000);
afterAll(async () => {
  await posthorn?.stop();
});

const data = '{"n": 123456789012345678901234567890}';

describe.each(["Connect", "gRPC-Web", "gRPC"] as const)("a %s client", (protocol) => {
  const workspace = `client-${protocol.toLowerCase()}`;
  const publisher = (): Client<typeof PublishService> =>
    createClient(PublishService, transportOf(protocol));

  it("registers a webhook, publishes, and reads what became of it, byte by byte", async () => {
    const target = await receiver();
    const webhooks = createClient(WebhookService, transportOf(protocol));
    const webhook = await webhooks.createWebhook({ workspace, webhook: { url: target.url } });
    expect(webhook.secret).toMatch(/^whsec_/);
    const event = { type: "order.created", data: Buffer.from(data) };
    const { id } = await publisher().publishEvent({ workspace, event });
    const [request] = await target.next();
    expect(request?.body.toString()).toContain(`"data":${data}}`);
    const events = createClient(EventService, transportOf(protocol));
    const found = await events.getEvent({ workspace, event: id });
    expect(Buffer.from(found.data).toString()).toBe(data);
    expect(found.deliveries).toMatchObject([{ webhook: webhook.id }]);
  });

  it("gets a refusal with its reason and field", async () => {
    const event = { type: "no.such.type", data: Buffer.from("{}") };
    const refusal = await publisher()
      .publishEvent({ workspace, event })
      .catch((error: unknown) => error);
    expect(String(refusal)).toContain("[invalid_argument]");
    expect(String(refusal)).toContain("event.type");
  });
});

describe("a gRPC client", () => {
  it("publishes a stream of events", async () => {
    const workspace = "client-stream";
    const target = await receiver();
    const webhooks = createClient(WebhookService, transportOf("gRPC"));
    await webhooks.createWebhook({ workspace, webhook: { url: target.url } });
    const client = createClient(PublishService, transportOf("gRPC"));
    const answer = await client.streamPublishEvents(
      (async function* () {
        for (let n = 0; n < 250; n += 1) {
          yield { workspace, event: { type: "order.created", data: Buffer.from(`{"n":${n}}`) } };
        }
      })(),
    );
    expect(answer.acceptedCount).toBe(250n);
    await target.next(250);
  });
});

function transportOf(protocol: "Connect" | "gRPC-Web" | "gRPC"): Transport {
  const withKey: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${posthorn.operatorKey}`);
    return next(request);
  };
  const interceptors = [withKey];
  switch (protocol) {
    case "Connect":
      return createConnectTransport({ baseUrl: posthorn.url, httpVersion: "1.1", interceptors });
    case "gRPC-Web":
      return createGrpcWebTransport({ baseUrl: posthorn.url, httpVersion: "1.1", interceptors });
    case "gRPC":
      return createGrpcTransport({ baseUrl: posthorn.grpcUrl, interceptors });
  }
}
