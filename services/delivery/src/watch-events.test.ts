import type { WatchedEvent } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { EnvelopeField_Source } from "@posthorn/proto/posthorn/type/v1/envelope";
import { Signature_Scheme } from "@posthorn/proto/posthorn/type/v1/policy";
import { receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
let harness: Harness;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

/** Watches a new workspace through a process; gives what comes after the first message. */
async function watch(
  {
    provider = "demo",
    ...options
  }: { eventTypes?: string[]; version?: string; provider?: string } = {},
  { events } = delivery,
) {
  const workspace = harness.subscription.addWorkspace(undefined, provider);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const stream = events.watchEvents({ workspace, ...options }, { signal: stop.signal });
  const iterator = stream[Symbol.asyncIterator]();
  const next = async (): Promise<WatchedEvent> => (await iterator.next()).value;
  return { workspace, first: await next(), next };
}

it("says at once that it is on, and how deliveries are signed", async () => {
  const { first } = await watch();
  expect(first.event).toBeUndefined();
  expect(first).toMatchObject({
    signatures: [{ scheme: Signature_Scheme.STANDARD }],
    userAgent: "Demo-Webhooks/1.0",
  });
});

it("shows an event with the very body that a webhook gets", async () => {
  const { workspace, next } = await watch();
  const target = await receiver();
  harness.subscription.addWebhook(workspace, { url: target.url });
  const data = '{"b": 1.000,"a":"\\u00e9"}';
  const [id] = await harness.publish(workspace, { data });
  const shown = await next();
  const [request] = await target.next();
  expect(shown.event).toMatchObject({ id, type: "order.created", deliveries: [] });
  expect(Buffer.from(shown.event?.data ?? []).toString()).toBe(data);
  expect(Buffer.from(shown.body)).toEqual(request?.body);
});

it("shows those of the types that were asked for, in their order", async () => {
  const { workspace, next } = await watch({ eventTypes: ["order.*", "invoice.paid"] });
  const types = ["order.created", "invoice.sent", "order.shipped", "invoice.paid"];
  await harness.publish(workspace, ...types.map((type) => ({ type })));
  const shown = [await next(), await next(), await next()];
  expect(shown.map(({ event }) => event?.type)).toEqual([
    "order.created",
    "order.shipped",
    "invoice.paid",
  ]);
});

it("shows what another process stores", async () => {
  const other = await harness.start();
  onTestFinished(() => other.stop());
  const { workspace, next } = await watch({}, other);
  const [id] = await harness.publish(workspace, {});
  expect((await next()).event?.id).toBe(id);
});

it("shows nothing of another workspace", async () => {
  const { workspace, next } = await watch();
  await harness.publish(harness.subscription.addWorkspace(), {});
  const [id] = await harness.publish(workspace, {});
  expect((await next()).event?.id).toBe(id);
});

it("refuses a payload version that the provider does not have", async () => {
  await expect(watch({ version: "v9" })).rejects.toMatchObject({
    reason: "invalid",
    fields: [{ field: "version", description: "must be one of v1" }],
  });
});

it("shows the payload version that was asked for, else the newest", async () => {
  const text = (version: string) => ({
    version,
    fields: [{ name: "v", source: EnvelopeField_Source.TEXT, text: version }],
  });
  harness.subscription.setProvider("versions", { envelopes: [text("v1"), text("v2")] });
  const provider = "versions";
  const [old, newest] = [await watch({ provider, version: "v1" }), await watch({ provider })];
  expect([old.first.version, newest.first.version]).toEqual(["v1", "v2"]);
  for (const { workspace } of [old, newest]) await harness.publish(workspace, {});
  const bodies = [await old.next(), await newest.next()].map(({ body }) =>
    String(Buffer.from(body)),
  );
  expect(bodies).toEqual(['{"v":"v1"}', '{"v":"v2"}']);
});

it("leaves out what is sent to nobody: what the provider withholds, and first syncs", async () => {
  const { subscription } = harness;
  subscription.setProvider("withholding", {
    eventTypeFilters: { "order.status": "event.data.done == true" },
    firstSyncEventTypes: ["connection.*"],
  });
  const { workspace, next } = await watch({ provider: "withholding" });
  const connection = subscription.addConnection(workspace);
  await harness.publish(
    workspace,
    { type: "order.status", data: '{"done": false}' },
    { type: "order.created", connection },
    { type: "order.status", data: '{"done": true}' },
    { type: "connection.created", connection },
  );
  const shown = [await next(), await next()];
  expect(shown.map(({ event }) => event?.type)).toEqual(["order.status", "connection.created"]);
});
