import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Delivery_State, Delivery_Trigger } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { Replay_Filter } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { EnvelopeField_Source as Source } from "@posthorn/proto/posthorn/type/v1/envelope";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

const v1 = { version: "v1" };
const v2 = {
  version: "v2",
  fields: [
    { name: "id", source: Source.EVENT_ID },
    { name: "version", source: Source.VERSION },
    { source: Source.DATA, spread: true },
  ],
};
/** Another body for a version that there was. */
const changedV2 = { version: "v2", fields: [{ name: "was", source: Source.EVENT_TYPE }] };
const v3 = { version: "v3", fields: [{ name: "newest", source: Source.DATA }] };

const data = '{"n": 1.50, "m":12345678901234567890123}';
const bodyOf = {
  v1: bodyV1(data),
  v2: (id: string) => `{"id":"${id}","version":"v2",${data.slice(1)}`,
};

function bodyV1(text: string): string {
  return `{"type":"order.created","timestamp":"2024-01-15T10:30:00Z","data":${text}}`;
}

let providerCount = 0;

/** A workspace of a provider with versions v1 and v2, and a webhook of it. */
async function setup(options: Partial<FakeWebhook> & { answers?: readonly number[] } = {}) {
  const { answers = [200], ...hook } = options;
  const { subscription } = harness;
  providerCount += 1;
  const provider = `acme-${providerCount}`;
  subscription.setProvider(provider, { envelopes: [v1, v2] });
  const target = await receiver({ answers });
  const workspace = subscription.addWorkspace(undefined, provider);
  const { id: webhook } = subscription.addWebhook(workspace, { url: target.url, ...hook });
  const publish = async () => (await harness.publish(workspace, { data }))[0] ?? "";
  const bodies = () => target.requests.map(({ body }) => body.toString());
  const listed = async () =>
    (await delivery.deliveries.listDeliveries({ workspace, pageSize: 10 })).deliveries;
  /** Waits until so many deliveries have succeeded; gives them, newest first. */
  const succeeded = (count: number) =>
    eventually(async () => {
      const deliveries = await listed();
      const states = deliveries.map(({ state }) => state);
      expect(states).toEqual(Array(count).fill(Delivery_State.SUCCEEDED));
      return deliveries;
    });
  return { provider, target, workspace, webhook, publish, bodies, listed, succeeded };
}

describe("a body", () => {
  it.each([
    ["v1", "v1", () => bodyOf.v1],
    ["v2", "v2", bodyOf.v2],
    ["", "v2", bodyOf.v2],
  ])("has the payload version that its webhook chose: '%s'", async (chosen, version, body) => {
    const { publish, bodies, succeeded } = await setup({ payloadVersion: chosen });
    const id = await publish();
    expect(await succeeded(1)).toMatchObject([{ version, attemptCount: 1 }]);
    expect(bodies()).toEqual([body(id)]);
  });

  it("is each webhook's own, where several take one event", async () => {
    const { target, workspace, publish, bodies, succeeded } = await setup({ payloadVersion: "v1" });
    for (const payloadVersion of ["v2", "v2", "v1"]) {
      harness.subscription.addWebhook(workspace, { url: target.url, payloadVersion });
    }
    const id = await publish();
    const versions = (await succeeded(4)).map(({ version }) => version);
    expect(versions.sort()).toEqual(["v1", "v1", "v2", "v2"]);
    const [one, two] = [bodyOf.v1, bodyOf.v2(id)];
    expect(bodies().sort()).toEqual([one, one, two, two].sort());
  });

  it("follows a change of the webhook's version for later events", async () => {
    const { workspace, webhook, publish, bodies, succeeded } = await setup({
      payloadVersion: "v1",
    });
    await publish();
    await succeeded(1);
    harness.subscription.setPayloadVersion(workspace, webhook, "v2");
    const id = await publish();
    expect((await succeeded(2)).map(({ version }) => version)).toEqual(["v2", "v1"]);
    expect(bodies()).toEqual([bodyOf.v1, bodyOf.v2(id)]);
  });
});

describe("a delivery keeps its body", () => {
  it.each([
    ["in retries", { isOrdered: false }],
    ["in order", { isOrdered: true }],
  ])("%s, whatever becomes of envelopes and version meanwhile", async (_name, rules) => {
    const hook = { ...rules, payloadVersion: "v2", delaysMs: [300, 300], answers: [500, 500, 200] };
    const { provider, workspace, webhook, target, publish, bodies, succeeded } = await setup(hook);
    const id = await publish();
    await target.next();
    harness.subscription.setProvider(provider, { envelopes: [v1, changedV2, v3] });
    harness.subscription.setPayloadVersion(workspace, webhook, "v3");
    await target.next(2);
    expect(await succeeded(1)).toMatchObject([{ version: "v2", attemptCount: 3 }]);
    expect(bodies()).toEqual(Array(3).fill(bodyOf.v2(id)));
    await publish();
    expect(await succeeded(2)).toMatchObject([{ version: "v3" }, { version: "v2" }]);
    expect(bodies().at(-1)).toBe(`{"newest":${data}}`);
  });

  it("in a process that never knew its envelope", async () => {
    const hook = { payloadVersion: "v2", state: "PAUSED", whenPaused: "HOLD" } as const;
    const { provider, workspace, webhook, publish, bodies, listed, succeeded } = await setup(hook);
    const ids = [await publish(), await publish()];
    await eventually(async () => expect(await listed()).toHaveLength(2));
    await delivery.stop();
    harness.subscription.setProvider(provider, { envelopes: [changedV2] });
    const askedBefore = harness.subscription.state.envelopesAskedCount;
    delivery = await harness.start();
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await succeeded(2);
    expect(bodies().sort()).toEqual(ids.map(bodyOf.v2).sort());
    expect(harness.subscription.state.envelopesAskedCount - askedBefore).toBe(1);
  });

  it("when it is sent again, while a replay of events takes the webhook's present version", async () => {
    const scene = await setup({ payloadVersion: "v1" });
    const { workspace, webhook, publish, bodies, succeeded } = scene;
    const id = await publish();
    const [first] = await succeeded(1);
    harness.subscription.setPayloadVersion(workspace, webhook, "v2");
    await delivery.deliveries.resendDelivery({ workspace, delivery: first?.id ?? "" });
    await succeeded(2);
    const range = {
      after: timestampFromMs(Date.now() - 60_000),
      before: timestampFromMs(Date.now()),
    };
    const filter = Replay_Filter.ALL;
    await delivery.replays.createReplay({ workspace, webhook, filter, ...range });
    expect(await succeeded(3)).toMatchObject([
      { trigger: Delivery_Trigger.REPLAY, version: "v2" },
      { trigger: Delivery_Trigger.RESEND, version: "v1" },
      { trigger: Delivery_Trigger.EVENT, version: "v1" },
    ]);
    expect(bodies()).toEqual([bodyOf.v1, bodyOf.v1, bodyOf.v2(id)]);
  });

  it("when what a query finds is sent again", async () => {
    const scene = await setup({ payloadVersion: "v2", isOrdered: true });
    const { workspace, webhook, publish, bodies, succeeded } = scene;
    const id = await publish();
    await succeeded(1);
    harness.subscription.setPayloadVersion(workspace, webhook, "v1");
    await delivery.replays.resendDeliveries({ workspace, webhook });
    expect(await succeeded(2)).toMatchObject([{ version: "v2" }, { version: "v2" }]);
    expect(bodies()).toEqual([bodyOf.v2(id), bodyOf.v2(id)]);
  });

  it("and is parked if there is no such envelope", async () => {
    const { publish, listed, bodies } = await setup({ payloadVersion: "v9" });
    await publish();
    await eventually(async () =>
      expect(await listed()).toMatchObject([{ stateReason: "PARKED", version: "v9" }]),
    );
    expect(bodies()).toEqual([]);
  });
});

it("a test and a dry run have the body of the webhook's version", async () => {
  const { workspace, webhook, bodies, succeeded } = await setup({ payloadVersion: "v2" });
  await delivery.tests.testWebhook({ workspace, webhook, eventTypes: ["order.created"] });
  const [test] = await succeeded(1);
  expect(test).toMatchObject({ trigger: Delivery_Trigger.TEST, version: "v2" });
  expect(bodies()).toEqual([`{"id":"${test?.event}","version":"v2","orderId":"example"}`]);
  const event = { type: "order.created", data: Buffer.from(data) };
  const { deliveries } = await delivery.events.dryRunEvent({ workspace, event });
  expect(deliveries[0]?.request?.body).toContain(`"version":"v2",${data.slice(1)}`);
});
