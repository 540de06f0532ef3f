import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { idToUuid } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
let harness: Harness;
let delivery: DeliveryProcess;
let client: Client;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
  client = new Client({ connectionString: harness.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await delivery.stop();
  await harness.close();
});

/** A webhook that was paused and holds what came since: as many deliveries as said. */
async function setup(heldCount: number, answers: readonly number[] = [200]) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const { id } = harness.subscription.addWebhook(workspace, {
    url: target.url,
    state: "PAUSED",
    whenPaused: "HOLD",
    ratePerSecond: 10,
  });
  const publish = (count: number) =>
    harness.publish(workspace, ...Array.from({ length: count }, () => ({})));
  const shown = (state: Delivery_State, count: number) =>
    eventually(async () => {
      const request = { workspace, state, pageSize: 250 };
      const { deliveries } = await delivery.deliveries.listDeliveries(request);
      expect(deliveries).toHaveLength(count);
      return deliveries;
    });
  const canceledBefore = () =>
    eventually(async () => {
      const sql = "select canceled_before from delivery.lane where webhook_id = $1";
      const { rows } = await client.query(sql, [idToUuid("wh", id)]);
      expect(rows[0]?.canceled_before).toBeInstanceOf(Date);
      return rows[0].canceled_before as Date;
    });
  await publish(heldCount);
  await shown(Delivery_State.HELD, heldCount);
  return { target, workspace, webhook: id, publish, shown, canceledBefore };
}

describe("what a paused webhook holds", () => {
  it("is sent when it is switched on", async () => {
    const { target, workspace, webhook, shown } = await setup(3);
    expect(target.requests).toHaveLength(0);
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await target.next(3);
    await shown(Delivery_State.SUCCEEDED, 3);
  });

  it("ends as CANCELED when the user drops it with the switch, and what comes then is sent", async () => {
    const { target, workspace, webhook, publish, shown } = await setup(20);
    harness.subscription.cancelHeld(workspace, webhook, "ACTIVE");
    await publish(2);
    await target.next(2);
    const canceled = await shown(Delivery_State.CANCELED, 20);
    for (const one of canceled) {
      expect(one).toMatchObject({ stateReason: "CANCELED_BY_USER", attemptCount: 0 });
    }
    await shown(Delivery_State.SUCCEEDED, 2);
    expect(target.requests).toHaveLength(2);
  });

  it("ends while the webhook stays off, and what it holds later is sent", async () => {
    const { target, workspace, webhook, publish, shown } = await setup(3);
    harness.subscription.cancelHeld(workspace, webhook);
    await shown(Delivery_State.CANCELED, 3);
    await publish(2);
    await shown(Delivery_State.HELD, 2);
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await target.next(2);
    await shown(Delivery_State.SUCCEEDED, 2);
  });

  it("ends although some of it is in memory by then", async () => {
    const { target, workspace, webhook, shown } = await setup(60);
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await target.next(2); // ten a second go
    harness.subscription.cancelHeld(workspace, webhook);
    const succeeded = await eventually(async () => {
      const request = { workspace, state: Delivery_State.CANCELED, pageSize: 250 };
      const { deliveries } = await delivery.deliveries.listDeliveries(request);
      expect(deliveries.length).toBeGreaterThan(20);
      expect(deliveries.length + target.requests.length).toBe(60);
      return target.requests.length;
    });
    await shown(Delivery_State.SUCCEEDED, succeeded);
    expect(target.requests).toHaveLength(succeeded);
  });

  it("is dropped once: the next owner of the partition does not look again", async () => {
    const { workspace, webhook, shown, canceledBefore } = await setup(1);
    harness.subscription.cancelHeld(workspace, webhook);
    await shown(Delivery_State.CANCELED, 1);
    const before = await canceledBefore();
    await delivery.stop();
    delivery = await harness.start();
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await eventually(async () => expect(await canceledBefore()).toEqual(before));
  });
});
