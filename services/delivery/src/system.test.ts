import { timestampDate } from "@bufbuild/protobuf/wkt";
import { eventsTopic, partitionOf } from "@posthorn/bus";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { OldestDue_Class } from "@posthorn/proto/posthorn/delivery/v1/system_service";
import { eventually, receiver } from "@posthorn/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeWebhook } from "./testing/fake-subscription.ts";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

let harness: Awaited<ReturnType<typeof deliveryHarness>>;
let delivery: DeliveryProcess;

// Numbers over all workspaces: each test has a database of its own.
beforeEach(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start({ owner: "first", slotCount: 64 });
});
afterEach(async () => {
  await delivery.stop();
  await harness.close();
});

type Answers = NonNullable<NonNullable<Parameters<typeof receiver>[0]>["answers"]>;

/** A workspace with one webhook. */
async function setup(answers: Answers, webhook: Partial<FakeWebhook> = {}) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const { id } = harness.subscription.addWebhook(workspace, { url: target.url, ...webhook });
  const ended = (state: Delivery_State, count: number) =>
    eventually(async () => {
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace, state });
      expect(deliveries).toHaveLength(count);
    });
  return { target, workspace, webhook: id, ended };
}

/** The value of a metric, named with its labels. */
async function metric(name: string): Promise<number | undefined> {
  const line = (await delivery.metrics()).split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

test("a system that has nothing to do says so, and who owns what", async () => {
  const { workspace, ended } = await setup([200]);
  await harness.publish(workspace, {}, {});
  await ended(Delivery_State.SUCCEEDED, 2);
  await eventually(async () => {
    const system = await delivery.system.getSystem({});
    expect(system).toMatchObject({
      unreadEventCount: 0n,
      oldestDue: [],
      openBreakerCount: 0n,
      blockedWebhookCount: 0n,
      parkedRecordCount: 0n,
      process: { instance: "first", slotCount: 64, usedSlotCount: 0, ownedPartitionCount: 4 },
    });
    expect(system.partitions.map(({ partition, owner }) => [partition, owner])).toEqual(
      [0, 1, 2, 3].map((partition) => [partition, "first"]),
    );
  });
  expect(await metric('posthorn_delivery_deliveries_ended_total{state="SUCCEEDED"}')).toBe(2);
  expect(await metric("posthorn_delivery_lag_records")).toBe(0);
  expect(await metric("posthorn_delivery_slots")).toBe(64);
  expect(await metric('posthorn_delivery_used_slots{class="first"}')).toBe(0);
  expect(await metric('posthorn_delivery_oldest_due_seconds{class="first"}')).toBe(0);
});

test("a delivery that waits is told by its class, unless its webhook is off", async () => {
  const { workspace, webhook, ended } = await setup(["hang"], { inFlightMax: 1 });
  const beforeMs = Date.now();
  await harness.publish(workspace, {}, {});
  await ended(Delivery_State.PENDING, 2);
  await eventually(async () => {
    const { oldestDue, process } = await delivery.system.getSystem({});
    expect(oldestDue).toMatchObject([{ class: OldestDue_Class.FIRST_ATTEMPT }]);
    const dueMs = oldestDue[0]?.dueTime && timestampDate(oldestDue[0].dueTime).getTime();
    expect(Math.abs((dueMs ?? 0) - beforeMs)).toBeLessThan(5_000);
    expect(process?.usedSlotCount).toBe(1);
  });
  expect(await metric('posthorn_delivery_used_slots{class="first"}')).toBe(1);
  // It waits for its webhook, and not for us.
  expect(await metric('posthorn_delivery_oldest_due_seconds{class="first"}')).toBe(0);
  harness.subscription.setState(workspace, webhook, "PAUSED");
  const { oldestDue } = await delivery.system.getSystem({});
  expect(oldestDue).toEqual([]);
});

test("webhooks that are spared or asked for it are counted", async () => {
  const down = await setup([200], { delaysMs: [] });
  await down.target.close();
  await harness.publish(down.workspace, ...Array.from({ length: 10 }, () => ({})));
  await down.ended(Delivery_State.EXHAUSTED, 10);
  const busy = await setup([{ status: 503, headers: { "retry-after": "60" } }], { delaysMs: [] });
  await harness.publish(busy.workspace, {});
  await busy.ended(Delivery_State.EXHAUSTED, 1);
  await eventually(async () => {
    const counts = { openBreakerCount: 1n, halfOpenBreakerCount: 0n, blockedWebhookCount: 1n };
    expect(await delivery.system.getSystem({})).toMatchObject(counts);
  });
  expect(await metric('posthorn_delivery_breakers{state="open"}')).toBe(1);
  expect(await metric('posthorn_delivery_deliveries_ended_total{state="EXHAUSTED"}')).toBe(11);
});

test("records that were put aside are counted, and what nobody reads is unread", async () => {
  const { workspace } = await setup([200]);
  const partition = partitionOf(workspace, 4);
  const poison = { partition, key: null, value: Buffer.from([255, 1]), headers: {} };
  await harness.bus.publish(eventsTopic, [poison]);
  await eventually(async () => {
    expect((await delivery.system.getSystem({})).parkedRecordCount).toBe(1n);
  });
  harness.subscription.state.isDown = true;
  await harness.publish(workspace, {}, {}, {});
  const { unreadEventCount, partitions } = await delivery.system.getSystem({});
  expect(unreadEventCount).toBe(3n);
  expect(partitions[partition]?.unreadEventCount).toBe(3n);
  expect(await metric("posthorn_delivery_lag_records")).toBe(3);
  harness.subscription.state.isDown = false;
});
