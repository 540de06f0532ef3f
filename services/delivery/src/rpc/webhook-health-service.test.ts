import { WebhookHealth_BreakerState } from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "../testing/harness.ts";

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

describe("a webhook's health", () => {
  it("is left out before the webhook was ever sent to", async () => {
    const workspaceId = harness.subscription.addWorkspace();
    const webhookIds = [newId("wh"), "no id"];
    expect(await delivery.health.getWebhookHealth({ workspaceId, webhookIds })).toMatchObject({
      healths: [],
    });
  });

  it("has the state of its breaker", async () => {
    const workspaceId = harness.subscription.addWorkspace();
    const target = await receiver();
    const { id } = harness.subscription.addWebhook(workspaceId, { url: target.url });
    await harness.publish(workspaceId, {});
    const health = () =>
      eventually(async () => {
        const request = { workspaceId, webhookIds: [id] };
        const { healths } = await delivery.health.getWebhookHealth(request);
        expect(healths).toHaveLength(1);
        return healths[0];
      });
    expect(await health()).toMatchObject({ breakerState: WebhookHealth_BreakerState.CLOSED });
    const client = new Client({ connectionString: harness.url });
    await client.connect();
    await client.query(
      `insert into delivery.lane (partition, webhook_id, blocked_until, breaker_state,
        breaker_reason, breaker_until)
      select partition, webhook_id, now(), 'OPEN', 'it hangs', now() from delivery.webhook_health`,
    );
    await client.end();
    const open = await health();
    expect(open).toMatchObject({
      breakerState: WebhookHealth_BreakerState.OPEN,
      breakerReason: "it hangs",
    });
    expect(open?.breakerUntil).toBeDefined();
  });

  it("is asked for by workspace, and by no more than 1,000 webhooks at once", async () => {
    const webhookIds = Array.from({ length: 1001 }, () => newId("wh"));
    await expect(
      delivery.health.getWebhookHealth({ workspaceId: newId("ws"), webhookIds }),
    ).rejects.toMatchObject({ fields: [{ field: "webhookIds" }] });
    await expect(delivery.health.getWebhookHealth({ workspaceId: "acme" })).rejects.toMatchObject({
      fields: [{ field: "workspaceId" }],
    });
  });

  it("is told to nobody without the service key", async () => {
    await expect(
      delivery.closedHealth.getWebhookHealth({ workspaceId: newId("ws") }),
    ).rejects.toMatchObject({ reason: "forbidden" });
  });
});
