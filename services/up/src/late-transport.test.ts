import { createRouterTransport } from "@connectrpc/connect";
import { WebhookHealthService } from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { appClient } from "@posthorn/rpc";
import { expect, test } from "vitest";
import { lateTransport } from "./late-transport.ts";

test("is unavailable until it leads somewhere", async () => {
  const late = lateTransport();
  const client = appClient(WebhookHealthService, late.transport);
  await expect(client.getWebhookHealth({})).rejects.toMatchObject({ reason: "unavailable" });
  late.lead(
    createRouterTransport(({ service }) =>
      service(WebhookHealthService, {
        getWebhookHealth: () => ({ healths: [{ webhookId: "wh_1" }] }),
      }),
    ),
  );
  expect(await client.getWebhookHealth({})).toMatchObject({ healths: [{ webhookId: "wh_1" }] });
});
