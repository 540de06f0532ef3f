import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { expect, it } from "vitest";
import { deliveryHarness } from "./testing/harness.ts";

async function setup(
  answers: NonNullable<Parameters<typeof receiver>[0]>["answers"],
  delaysMs: readonly number[] = [300, 300],
) {
  const harness = await deliveryHarness();
  const target = await receiver({ answers: answers ?? [200] });
  const workspace = harness.subscription.addWorkspace();
  harness.subscription.addWebhook(workspace, { url: target.url, delaysMs });
  return { harness, target, workspace };
}

it("a partition moves to another process when its owner stops, with its waiting retries", async () => {
  const { harness, target, workspace } = await setup([500, 200]);
  const first = await harness.start();
  await harness.publish(workspace, {});
  await target.next();
  const second = await harness.start();
  await first.stop();
  await target.next();
  await eventually(async () => {
    const { deliveries } = await second.deliveries.listDeliveries({ workspace });
    expect(deliveries).toMatchObject([{ state: Delivery_State.SUCCEEDED, attemptCount: 2 }]);
  });
  await second.stop();
  await harness.close();
});

it("a process whose lease was taken writes nothing more, and the new owner sends again", async () => {
  const { harness, target, workspace } = await setup([{ status: 200, delayMs: 500 }, 200]);
  const first = await harness.start();
  await harness.publish(workspace, {});
  await target.next();
  const client = new Client({ connectionString: harness.url });
  await client.connect();
  await eventually(async () => {
    const { rows } = await client.query("select count(*)::int as count from delivery.schedule");
    expect(rows).toEqual([{ count: 1 }]);
  });
  // What a new owner does when the lease has lapsed, while the first still waits for its answer.
  await client.query("update delivery.partition set epoch = epoch + 1, owner = 'other'");
  await client.query("update delivery.partition set owner = null, lease_until = '-infinity'");
  await first.stop();
  const { rows } = await client.query("select attempt_count from delivery.delivery");
  expect(rows).toEqual([{ attempt_count: 0 }]);
  const second = await harness.start();
  await target.next();
  await eventually(async () => {
    const { deliveries } = await second.deliveries.listDeliveries({ workspace });
    expect(deliveries).toMatchObject([{ state: Delivery_State.SUCCEEDED, attemptCount: 1 }]);
  });
  await second.stop();
  await client.end();
  await harness.close();
});

it("a lease that lapsed while nothing was published is taken again, for what is due", async () => {
  const { harness, target, workspace } = await setup([500, 200], [3_000]);
  const process = await harness.start();
  await harness.publish(workspace, {});
  const client = new Client({ connectionString: harness.url });
  await client.connect();
  await eventually(async () => {
    const { rows } = await client.query("select attempt_count from delivery.schedule");
    expect(rows).toEqual([{ attempt_count: 1 }]);
  });
  await client.query(`update delivery.partition
    set epoch = epoch + 1, owner = null, lease_until = '-infinity'`);
  await target.next(2);
  await eventually(
    async () => {
      const { deliveries } = await process.deliveries.listDeliveries({ workspace });
      expect(deliveries).toMatchObject([{ state: Delivery_State.SUCCEEDED, attemptCount: 2 }]);
    },
    { timeoutMs: 20_000 },
  );
  await client.end();
  await process.stop();
  await harness.close();
});

it("waits, and says nothing to receivers, while subscription is down, and goes on after", async () => {
  const { harness, target, workspace } = await setup([200]);
  const process = await harness.start();
  harness.subscription.state.isDown = true;
  await harness.publish(workspace, {});
  await eventually(() => expect(harness.subscription.state.refusedCount).toBeGreaterThan(1));
  expect(target.requests).toHaveLength(0);
  harness.subscription.state.isDown = false;
  await target.next();
  await process.stop();
  await harness.close();
});

it("refuses to read on when the offsets belong to another log", async () => {
  const { harness } = await setup([200]);
  const process = await harness.start();
  await process.stop();
  const client = new Client({ connectionString: harness.url });
  await client.connect();
  await client.query("update delivery.log set log_id = 'another'");
  await client.end();
  await expect(harness.start()).rejects.toThrow(/belong to another log/);
  await harness.close();
});
