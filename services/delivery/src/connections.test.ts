import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { WebhookExplanation_Verdict as Verdict } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { Replay_Filter, Replay_State } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { EnvelopeField_Source as Source } from "@posthorn/proto/posthorn/type/v1/envelope";
import { newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FakeWebhook } from "./testing/fake-subscription.ts";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

let harness: Awaited<ReturnType<typeof deliveryHarness>>;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  harness.subscription.setProvider("linked", {
    envelopes: [{ version: "v1", fields }],
    firstSyncEventTypes: ["connection.*"],
  });
  const rules = { needsConnection: true, hasPrevious: true };
  harness.subscription.setProvider("strict", { envelopes: [{ version: "v1", fields }], ...rules });
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

const fields = [
  { name: "connection_id", source: Source.CONNECTION_ID },
  { name: "event_type", source: Source.EVENT_TYPE },
  { name: "integration_name", source: Source.INTEGRATION_NAME },
  { name: "data", source: Source.DATA },
  { name: "previous_attributes", source: Source.PREVIOUS_ATTRIBUTES, omitWhenAbsent: true },
];

/** A workspace with one connection, in its first sync, and one webhook. */
async function setup(webhook: Partial<FakeWebhook> = {}, answers: number[] = []) {
  const target = await receiver({ answers });
  const { subscription } = harness;
  const workspace = subscription.addWorkspace(undefined, "linked");
  const connection = subscription.addConnection(workspace);
  const { id } = subscription.addWebhook(workspace, { url: target.url, ...webhook });
  const endFirstSync = (end: Date) => subscription.endFirstSync(workspace, connection, end);
  const bodies = async (count: number) =>
    (await target.next(count)).map(({ body }) => body.toString());
  return { target, workspace, connection, webhook: id, endFirstSync, bodies };
}

/** An hour ago: every event of a test was accepted after it. */
const after = timestampFromMs(Date.now() - 3_600_000);
const longAgo = new Date("2024-01-01T00:00:00Z");

describe("an event of a connection", () => {
  it("is sent with it and with what it changed, and so is each later attempt", async () => {
    const { workspace, connection, endFirstSync, bodies } = await setup(
      { delaysMs: [1] },
      [500, 200, 200],
    );
    endFirstSync(longAgo);
    const previousAttributes = '{ "status" : 1.0 }';
    const [event = ""] = await harness.publish(workspace, {
      connection,
      data: '{"n":2}',
      previousAttributes,
    });
    const body =
      `{"connection_id":"${connection}","event_type":"order.created",` +
      `"integration_name":"shopify","data":{"n":2},"previous_attributes":{ "status" : 1.0 }}`;
    expect(await bodies(2)).toEqual([body, body]);
    const shown = await delivery.events.getEvent({ workspace, event });
    expect(shown).toMatchObject({ connection, deliveries: [{ connection }] });
    expect(Buffer.from(shown.previousAttributes).toString()).toBe(previousAttributes);
    const [first] = shown.deliveries;
    const resent = await delivery.deliveries.resendDelivery({
      workspace,
      delivery: first?.id ?? "",
    });
    expect(resent).toMatchObject({ connection });
    expect(await bodies(1)).toEqual([body]);
  });

  it("keeps the place of what it does not say, or leaves it out, as the envelope has it", async () => {
    const { workspace, bodies } = await setup();
    await harness.publish(workspace, { data: "1" });
    expect(await bodies(1)).toEqual([
      '{"connection_id":null,"event_type":"order.created","integration_name":null,"data":1}',
    ]);
  });

  it("is found by it among deliveries, and sent again by it", async () => {
    const { workspace, connection, endFirstSync, bodies } = await setup();
    endFirstSync(longAgo);
    const other = harness.subscription.addConnection(workspace);
    harness.subscription.endFirstSync(workspace, other, longAgo);
    await harness.publish(workspace, { connection }, { connection: other }, {});
    await bodies(3);
    const found = (of: string) => delivery.deliveries.listDeliveries({ workspace, connection: of });
    await eventually(async () => {
      expect((await found("")).deliveries).toHaveLength(3);
    });
    expect((await found(connection)).deliveries).toMatchObject([{ connection }]);
    expect((await found(newId("conn"))).deliveries).toEqual([]);
    expect((await found("conn_x")).deliveries).toEqual([]);
    const { id } = await delivery.replays.resendDeliveries({ workspace, connection: other });
    const [body = ""] = await bodies(1);
    expect(JSON.parse(body)).toMatchObject({ connection_id: other });
    await eventually(async () => {
      const replay = await delivery.replays.getReplay({ workspace, replay: id });
      expect(replay).toMatchObject({ state: Replay_State.COMPLETED, matchedCount: 1 });
      expect(replay.deliveries?.connection).toBe(other);
    });
    expect((await found(other)).deliveries).toHaveLength(2);
  });

  it("shows it to filters, when it comes and when it is replayed", async () => {
    const { workspace, connection, webhook, endFirstSync, bodies, target } = await setup({
      state: "PAUSED",
    });
    endFirstSync(longAgo);
    const { subscription } = harness;
    subscription.setFilter(workspace, webhook, `event.connection == "${connection}"`);
    const other = subscription.addConnection(workspace);
    subscription.endFirstSync(workspace, other, longAgo);
    const [event = ""] = await harness.publish(workspace, { connection }, { connection: other });
    await delivery.events.getEvent({ workspace, event });
    subscription.setState(workspace, webhook, "ACTIVE");
    const filter = Replay_Filter.MISSING;
    await delivery.replays.createReplay({ workspace, webhook, filter, after });
    const [replayed = ""] = await bodies(1);
    expect(JSON.parse(replayed)).toMatchObject({ connection_id: connection });
    await harness.publish(workspace, { connection: other, data: "1" }, { connection, data: "2" });
    const [fresh = ""] = await bodies(1);
    expect(JSON.parse(fresh)).toMatchObject({ connection_id: connection, data: 2 });
    expect(target.requests).toHaveLength(2);
  });

  it("is dry run with it, and with what changed since the previous data", async () => {
    const { workspace, connection, webhook } = await setup({ eventTypes: ["order.created"] });
    const { dryRunEvent } = delivery.events;
    const event = { type: "order.created", data: Buffer.from("{}"), connection };
    expect(await dryRunEvent({ workspace, event })).toMatchObject({
      deliveries: [],
      misses: [
        {
          webhook,
          verdict: Verdict.FIRST_SYNC,
          description: "the first sync of the event's connection runs; nothing would send it later",
        },
      ],
    });
    harness.subscription.endFirstSync(workspace, connection, longAgo);
    const { deliveries } = await dryRunEvent({ workspace, event });
    expect(JSON.parse(deliveries[0]?.request?.body ?? "")).toMatchObject({
      connection_id: connection,
      integration_name: "shopify",
    });
    const unknown = { ...event, connection: newId("conn") };
    await expect(dryRunEvent({ workspace, event: unknown })).rejects.toMatchObject({
      fields: [{ field: "event.connection", reason: "unknown_connection" }],
    });
  });
});

it("is tested with an example of a connection, and as if nothing had changed", async () => {
  const target = await receiver();
  const workspace = harness.subscription.addWorkspace(undefined, "strict");
  const { id: webhook } = harness.subscription.addWebhook(workspace, { url: target.url });
  await delivery.tests.testWebhook({ workspace, webhook });
  const [sent] = await target.next();
  const body = sent?.body.toString();
  expect(JSON.parse(body ?? "")).toEqual({
    connection_id: expect.stringMatching(/^conn_/),
    event_type: "order.created",
    integration_name: "example",
    data: { orderId: "example" },
    previous_attributes: {},
  });
  const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
  const [test] = deliveries;
  await delivery.deliveries.resendDelivery({ workspace, delivery: test?.id ?? "" });
  const [again] = await target.next();
  expect(again?.body.toString()).toBe(body);
});

describe("while the first sync of its connection runs", () => {
  it("an event is listed and sent to nobody, and one of a type that is sent goes out", async () => {
    const { workspace, connection, webhook, bodies, target } = await setup();
    const [event = ""] = await harness.publish(
      workspace,
      { connection },
      { connection, type: "connection.created" },
      { type: "order.updated" },
    );
    const types = (await bodies(2)).map((body) => JSON.parse(body).event_type);
    expect(new Set(types)).toEqual(new Set(["connection.created", "order.updated"]));
    expect(target.requests).toHaveLength(2);
    const shown = await delivery.events.getEvent({ workspace, event });
    expect(shown.deliveries).toEqual([]);
    expect(shown).toMatchObject({ connection, skipped: [{ webhook, reason: "FIRST_SYNC" }] });
    const { webhooks } = await delivery.events.explainEvent({ workspace, event });
    expect(webhooks).toMatchObject([
      {
        webhook,
        verdict: Verdict.FIRST_SYNC,
        description: "the first sync of the event's connection ran; nothing sends it later",
      },
    ]);
  });

  it("is judged by the event's time, whenever it is published", async () => {
    const { workspace, connection, endFirstSync, bodies, target } = await setup();
    const end = new Date();
    endFirstSync(end);
    await harness.publish(
      workspace,
      { connection, data: "1", time: new Date(end.getTime() - 1) },
      { connection, data: "2", time: end },
    );
    const [body = ""] = await bodies(1);
    expect(JSON.parse(body)).toMatchObject({ data: 2 });
    expect(target.requests).toHaveLength(1);
  });

  it("is judged so, too, when that ended longer ago than delivery remembers", async () => {
    const { workspace, bodies, target } = await setup();
    const connection = newId("conn");
    const firstSyncEnd = new Date("2024-06-01T00:00:00Z");
    const before = new Date(firstSyncEnd.getTime() - 1);
    await harness.publish(
      workspace,
      { connection, firstSyncEnd, data: "1", time: before },
      { connection, firstSyncEnd, data: "2", time: firstSyncEnd },
    );
    const [body = ""] = await bodies(1);
    expect(JSON.parse(body)).toMatchObject({ data: 2 });
    expect(target.requests).toHaveLength(1);
  });

  it.each([Replay_Filter.MISSING, Replay_Filter.ALL])(
    "what was held back is never brought back by a replay of %s",
    async (filter) => {
      const { workspace, connection, webhook, endFirstSync, bodies, target } = await setup();
      const [event = ""] = await harness.publish(workspace, { connection, data: "1" });
      await delivery.events.getEvent({ workspace, event });
      // Even if its connection is forgotten by then.
      endFirstSync(longAgo);
      await harness.publish(workspace, { connection, data: "2" });
      await bodies(1);
      const { id } = await delivery.replays.createReplay({ workspace, webhook, filter, after });
      await eventually(async () => {
        const replay = await delivery.replays.getReplay({ workspace, replay: id });
        expect(replay.state).toBe(Replay_State.COMPLETED);
      });
      expect(target.requests.map(({ body }) => JSON.parse(body.toString()).data)).not.toContain(1);
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace, event });
      expect(deliveries).toEqual([]);
    },
  );

  it("other connections and other providers' events go on", async () => {
    const { workspace, bodies } = await setup();
    const synced = harness.subscription.addConnection(workspace);
    harness.subscription.endFirstSync(workspace, synced, longAgo);
    await harness.publish(workspace, { connection: synced, data: "1" });
    expect(await bodies(1)).toHaveLength(1);
    const target = await receiver();
    const demo = harness.subscription.addWorkspace();
    const connection = harness.subscription.addConnection(demo);
    harness.subscription.addWebhook(demo, { url: target.url });
    await harness.publish(demo, { connection });
    expect(await target.next()).toHaveLength(1);
  });
});
