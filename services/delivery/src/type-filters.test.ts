import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { WebhookExplanation_Verdict as Verdict } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { Replay_Filter, Replay_State } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FakeWebhook } from "./testing/fake-subscription.ts";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

let harness: Awaited<ReturnType<typeof deliveryHarness>>;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  harness.subscription.setProvider("acme", {
    eventTypeFilters: { "order.status": "event.data.status in ['FULFILLED', 'FAILED']" },
  });
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

/** A workspace of a provider that tells of ends only, with one webhook. */
async function setup(options: Partial<FakeWebhook> = {}) {
  const target = await receiver();
  const workspace = harness.subscription.addWorkspace(undefined, "acme");
  const { id } = harness.subscription.addWebhook(workspace, { url: target.url, ...options });
  const publish = (...statuses: readonly string[]) =>
    harness.publish(
      workspace,
      ...statuses.map((status) => ({ type: "order.status", data: `{"status":"${status}"}` })),
    );
  const sent = () =>
    target.requests.map(({ body }) => JSON.parse(body.toString()).data.status).sort();
  const getEvent = (event = "") => delivery.events.getEvent({ workspace, event });
  return { target, workspace, webhook: id, publish, sent, getEvent };
}

it("events that the provider sends to nobody make no delivery, and say so", async () => {
  const { workspace, webhook, publish, sent, getEvent } = await setup();
  const [placed, fulfilled] = await publish("PLACED", "FULFILLED");
  await eventually(async () => {
    const { deliveries } = await getEvent(fulfilled);
    expect(deliveries).toMatchObject([{ state: Delivery_State.SUCCEEDED }]);
  });
  expect(await getEvent(placed)).toMatchObject({
    deliveries: [],
    skipped: [{ webhook, reason: "TYPE_FILTERED", detail: "" }],
    skippedCount: 1,
  });
  expect(sent()).toEqual(["FULFILLED"]);
  const explained = await delivery.events.explainEvent({ workspace, event: placed ?? "" });
  expect(explained.webhooks).toMatchObject([
    {
      verdict: Verdict.TYPE_FILTERED,
      description: "the provider sends no such event of the type to anyone",
    },
  ]);
});

it("a webhook's own filter only narrows what the provider sends", async () => {
  const { webhook, publish, sent, getEvent } = await setup({
    filter: "event.data.status != 'FAILED'",
  });
  const [placed, failed, fulfilled] = await publish("PLACED", "FAILED", "FULFILLED");
  await eventually(() => expect(sent()).toEqual(["FULFILLED"]));
  const reasons = [placed, failed, fulfilled].map(async (event) => (await getEvent(event)).skipped);
  expect(await Promise.all(reasons)).toMatchObject([
    [{ webhook, reason: "TYPE_FILTERED" }],
    [{ webhook, reason: "FILTERED" }],
    [],
  ]);
});

it("a dry run tells that nobody would get it", async () => {
  const { subscription } = harness;
  const eventTypeFilters = { "order.created": "event.data.status == 'FULFILLED'" };
  subscription.setProvider("other", { eventTypeFilters });
  const workspace = subscription.addWorkspace(undefined, "other");
  const { id: webhook } = subscription.addWebhook(workspace, { url: "http://127.0.0.1/" });
  const event = { type: "order.created", data: Buffer.from('{"status":"PLACED"}') };
  const { deliveries, misses } = await delivery.events.dryRunEvent({ workspace, event });
  expect(deliveries).toEqual([]);
  expect(misses).toMatchObject([{ webhook, verdict: Verdict.TYPE_FILTERED }]);
});

it.each(["ALL", "MISSING"] as const)("a replay of %s brings none of them back", async (filter) => {
  const scene = await setup({ state: "PAUSED" });
  const { workspace, webhook, publish, sent, getEvent } = scene;
  const [, last] = await publish("PLACED", "FULFILLED");
  await eventually(async () => {
    expect((await getEvent(last)).skipped).toMatchObject([{ reason: "WEBHOOK_PAUSED" }]);
  });
  harness.subscription.setState(workspace, webhook, "ACTIVE");
  const { id: replay } = await delivery.replays.createReplay({
    ...{ workspace, webhook, filter: Replay_Filter[filter] },
    after: timestampFromMs(Date.now() - 60_000),
    before: timestampFromMs(Date.now()),
  });
  await eventually(async () => {
    const { state } = await delivery.replays.getReplay({ workspace, replay });
    expect(state).toBe(Replay_State.COMPLETED);
  });
  expect(sent()).toEqual(["FULFILLED"]);
});
