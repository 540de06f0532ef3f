import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Stats_Granularity } from "@posthorn/proto/posthorn/delivery/v1/stats_service";
import { newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
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

type Answers = NonNullable<Parameters<typeof receiver>[0]>["answers"];

/** A workspace with one webhook. */
async function setup(answers: NonNullable<Answers>, delaysMs: readonly number[] = []) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const webhook = harness.subscription.addWebhook(workspace, { url: target.url, delaysMs });
  return { target, workspace, webhook: webhook.id };
}

test("what was sent is counted, the first attempt and those that follow it", async () => {
  const { workspace, webhook } = await setup([503, 404, 200], [10, 10]);
  await harness.publish(workspace, {});
  await eventually(async () => {
    const { total } = await delivery.stats.getWebhookStats({ workspace, webhook });
    expect(total).toMatchObject({
      attemptCount: 3n,
      successCount: 1n,
      failureCount: 2n,
      failures: { serverErrorCount: 1n, clientErrorCount: 1n, timeoutCount: 0n },
      deliveredCount: 1n,
      exhaustedCount: 0n,
    });
    expect(total?.successRate).toBeCloseTo(1 / 3);
    expect(total?.latency?.p99).toBeDefined();
  });
});

test("a delivery whose schedule ends is counted as exhausted, and tests are not counted", async () => {
  const { workspace, webhook } = await setup([500]);
  await delivery.tests.testWebhook({ workspace, webhook });
  await harness.publish(workspace, {});
  await eventually(async () => {
    const { total } = await delivery.stats.getWorkspaceStats({ workspace });
    expect(total).toMatchObject({ attemptCount: 1n, successRate: 0, exhaustedCount: 1n });
  });
});

test("where nothing was sent there is no rate and no latency", async () => {
  const { workspace } = await setup([200]);
  const { total, points } = await delivery.stats.getWorkspaceStats({ workspace });
  expect(total).toMatchObject({ attemptCount: 0n, failureCount: 0n });
  expect(total?.successRate).toBeUndefined();
  expect(total?.latency).toBeUndefined();
  expect(points).toEqual([]);
});

test("a provider's numbers are those of its workspaces, by the hour or in one", async () => {
  const before = await delivery.stats.getStats({});
  const first = await setup([200]);
  const second = await setup([200]);
  await harness.publish(first.workspace, {}, {});
  await harness.publish(second.workspace, {});
  await eventually(async () => {
    const { total } = await delivery.stats.getStats({});
    expect((total?.attemptCount ?? 0n) - (before.total?.attemptCount ?? 0n)).toBe(3n);
  });
  const granularity = Stats_Granularity.HOUR;
  const { workspace } = first;
  const { points, total } = await delivery.stats.getWorkspaceStats({ workspace, granularity });
  expect(points.map(({ numbers }) => numbers?.attemptCount)).toEqual([2n]);
  expect(total?.attemptCount).toBe(2n);
});

test("another workspace's webhook is not found, and an inverted range names its field", async () => {
  const { workspace, webhook } = await setup([200]);
  const other = harness.subscription.addWorkspace();
  const notFound = { reason: "not_found" };
  for (const key of [
    { workspace: other, webhook },
    { workspace, webhook: newId("wh") },
    { workspace, webhook: "x" },
  ]) {
    await expect(delivery.stats.getWebhookStats(key)).rejects.toMatchObject(notFound);
  }
  const after = timestampFromDate(new Date(Date.now() + 60_000));
  await expect(delivery.stats.getWorkspaceStats({ workspace, after })).rejects.toMatchObject({
    reason: "invalid",
    fields: [{ field: "after" }],
  });
});
