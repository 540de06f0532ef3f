import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { Replay_Filter } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

async function setup() {
  const target = await receiver();
  const workspace = harness.subscription.addWorkspace();
  const { id: webhook } = harness.subscription.addWebhook(workspace, { url: target.url });
  const publish = async (deliverAt: Date) =>
    (await harness.publish(workspace, { deliverAt }))[0] ?? "";
  const shown = async (event: string) => {
    const { deliveries, deliverTime } = await delivery.events.getEvent({ workspace, event });
    expect(deliveries).toHaveLength(1);
    return { deliverTime, id: deliveries[0]?.id ?? "", ...deliveries[0] };
  };
  return { target, workspace, webhook, publish, shown };
}

const inMs = (ms: number) => new Date(Date.now() + ms);
const hourMs = 3_600_000;

describe("an event with a time to be sent at", () => {
  it("arrives then and not before, also after events that were published later", async () => {
    const { target, workspace, publish, shown } = await setup();
    const deliverAt = inMs(2000);
    const event = await publish(deliverAt);
    const pending = await shown(event);
    expect(pending).toMatchObject({
      deliverTime: timestampFromDate(deliverAt),
      state: Delivery_State.PENDING,
      nextAttemptTime: timestampFromDate(deliverAt),
      attemptCount: 0,
    });
    const [later] = await harness.publish(workspace, {});
    const requests = await target.next(2);
    expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([later, event]);
    expect(requests[1]?.receivedAtMs).toBeGreaterThanOrEqual(deliverAt.getTime());
    await eventually(async () => {
      expect(await shown(event)).toMatchObject({ state: Delivery_State.SUCCEEDED });
    });
  });

  it("is sent at once when that is past", async () => {
    const { target, publish, shown } = await setup();
    const event = await publish(inMs(-hourMs));
    await target.next();
    expect((await shown(event)).deliverTime).toBeDefined();
  });

  it("can be canceled before", async () => {
    const { target, workspace, publish, shown } = await setup();
    const event = await publish(inMs(2000));
    const { id } = await shown(event);
    await delivery.deliveries.cancelDelivery({ workspace, delivery: id });
    const last = await publish(inMs(2100));
    const [request] = await target.next();
    expect(request?.headers["webhook-id"]).toBe(last);
    expect(await shown(event)).toMatchObject({ state: Delivery_State.CANCELED });
  });

  it("is sent at that time to another webhook, too, when it is replayed before", async () => {
    const { workspace, webhook, publish, shown } = await setup();
    const deliverAt = inMs(hourMs);
    await shown(await publish(deliverAt));
    const late = harness.subscription.addWebhook(workspace, { url: "http://127.0.0.1:9/" });
    await delivery.replays.createReplay({
      workspace,
      webhook: late.id,
      filter: Replay_Filter.MISSING,
      after: timestampFromMs(Date.now() - hourMs),
    });
    const due = await eventually(async () => {
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
      expect(deliveries.map((each) => each.webhook)).toEqual([late.id, webhook]);
      return deliveries.map(({ nextAttemptTime }) => nextAttemptTime);
    });
    expect(due).toEqual([timestampFromDate(deliverAt), timestampFromDate(deliverAt)]);
  });

  it("is sent by the next process when the one that took it stops before", async () => {
    const own = await deliveryHarness();
    const first = await own.start();
    const target = await receiver();
    const workspace = own.subscription.addWorkspace();
    own.subscription.addWebhook(workspace, { url: target.url });
    const deliverAt = inMs(3000);
    const [event = ""] = await own.publish(workspace, { deliverAt });
    await first.events.getEvent({ workspace, event });
    await first.stop();
    expect(target.requests).toHaveLength(0);
    const second = await own.start();
    const [request] = await target.next();
    expect(request?.receivedAtMs).toBeGreaterThanOrEqual(deliverAt.getTime());
    await second.stop();
    await own.close();
  });
});
