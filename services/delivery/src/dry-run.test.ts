import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { WebhookExplanation_Verdict as Verdict } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FakeWebhook } from "./testing/fake-subscription.ts";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

let harness: Awaited<ReturnType<typeof deliveryHarness>>;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

const data = (text: string) => Buffer.from(text);

/** A workspace with one webhook. */
async function setup(webhook: Partial<FakeWebhook> = {}) {
  const target = await receiver();
  const workspace = harness.subscription.addWorkspace();
  const { id } = harness.subscription.addWebhook(workspace, { url: target.url, ...webhook });
  const dryRun = (event: object = {}) =>
    delivery.events.dryRunEvent({
      workspace,
      event: { type: "order.created", data: data("{}"), ...event },
    });
  return { target, workspace, webhook: id, dryRun };
}

it("shows the request that publishing would send, and sends and stores nothing", async () => {
  const headers = { Authorization: "Bearer hunter2" };
  const { target, workspace, webhook, dryRun } = await setup({ headers, eventTypes: ["order.*"] });
  const text = '{"b":12345678901234567890123,"a":"\\u00e9 "}';
  const time = timestampFromDate(new Date("2024-01-15T10:30:00Z"));
  const { deliveries, misses } = await dryRun({ data: data(text), time });
  expect(misses).toEqual([]);
  expect(deliveries).toMatchObject([
    { webhook, matchedBy: "order.*", description: "it would be sent at once" },
  ]);
  const shown = deliveries[0]?.request;
  expect(shown).toMatchObject({ method: "POST", url: target.url, bodyOmitted: false });
  expect(target.requests).toEqual([]);
  expect((await delivery.events.listEvents({ workspace })).events).toEqual([]);
  await harness.publish(workspace, { data: text });
  const [sent] = await target.next();
  expect(shown?.body).toBe(sent?.body.toString());
  const framing = ["host", "connection", "content-length"];
  const names = Object.keys(sent?.headers ?? {}).filter((name) => !framing.includes(name));
  expect(Object.keys(shown?.headers ?? {}).sort()).toEqual(names.sort());
  expect(shown?.headers).toMatchObject({
    authorization: "***",
    "webhook-signature": "***",
    "user-agent": sent?.headers["user-agent"],
    "webhook-id": expect.stringMatching(/^evt_[0-9a-z]{26}$/),
  });
});

it.each<[string, Partial<FakeWebhook>, Verdict, string]>([
  ["types", { eventTypes: ["a.*"] }, Verdict.NOT_SUBSCRIBED, "(a.*) do not name order.created"],
  ["filter", { filter: "event.data.n > 1" }, Verdict.FILTERED, "its filter says no"],
  ["state", { state: "PAUSED" }, Verdict.WEBHOOK_PAUSED, "it is paused"],
])("says that a webhook would not get it for its %s", async (_, its, verdict, description) => {
  const { webhook, dryRun } = await setup(its);
  const { deliveries, misses } = await dryRun({ data: data('{"n":1}') });
  expect(deliveries).toEqual([]);
  expect(misses).toMatchObject([{ webhook, verdict }]);
  expect(misses[0]?.description).toContain(description);
});

it("says when it would be sent, if not at once", async () => {
  const held = await setup({ state: "PAUSED", whenPaused: "HOLD" });
  expect((await held.dryRun()).deliveries).toMatchObject([
    { description: "it would be held until the webhook is no longer paused" },
  ]);
  const active = await setup();
  const at = new Date(Date.now() + 3_600_000);
  const { deliveries } = await active.dryRun({ deliverTime: timestampFromDate(at) });
  expect(deliveries[0]?.description).toBe(`it would be sent at ${at.toISOString()}`);
});

it("leaves bodies out that would make the answer too large", async () => {
  const { workspace, target, dryRun } = await setup();
  for (let count = 1; count < 20; count += 1) {
    harness.subscription.addWebhook(workspace, { url: target.url });
  }
  const { deliveries } = await dryRun({ data: data(JSON.stringify("x".repeat(260_000))) });
  const omitted = deliveries.map(({ request }) => [request?.bodyOmitted, request?.body === ""]);
  const shownCount = 16;
  expect(omitted).toEqual(
    Array.from({ length: 20 }, (_, index) => [index >= shownCount, index >= shownCount]),
  );
});

it.each([
  ["no data", { data: data("") }, "event.data"],
  ["data that is no JSON", { data: data('{"a":}') }, "event.data"],
  ["data that is too large", { data: data(JSON.stringify("x".repeat(262_145))) }, "event.data"],
  ["a type that nobody knows", { type: "order.unknown" }, "event.type"],
  ["a type that is no name", { type: "order created" }, "event.type"],
  ["a time that is far ahead", { time: timestampFromDate(new Date("2100-01-01")) }, "event.time"],
  ["an id of one's own", { id: "evt_1" }, "event.id"],
])("refuses %s, as publishing would, by the field", async (_, event, field) => {
  const { dryRun } = await setup();
  await expect(dryRun(event)).rejects.toMatchObject({ fields: [{ field }] });
});

it("knows at once that a webhook was deleted", async () => {
  const { workspace, webhook, dryRun } = await setup();
  harness.subscription.deleteWebhook(workspace, webhook);
  expect(await dryRun()).toMatchObject({ deliveries: [], misses: [] });
});
