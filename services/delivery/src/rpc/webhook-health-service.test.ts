import { newId } from "@posthorn/runtime";
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
