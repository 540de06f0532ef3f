import { create, fromJson } from "@bufbuild/protobuf";
import { UpdateUp42WebhookRequestSchema } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { Webhook_State, WebhookSchema } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { UpdateWebhookRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { describe, expect, test } from "vitest";
import { setup } from "../../test/setup.ts";

const stored = { id: "wh_1", eventTypes: ["order.status"], hasSecret: true };
const unsigned = { ...stored, id: "wh_2", hasSecret: false };
const place = { workspaceId: "acme", webhookId: "wh_1" };

/** An UP42 whose two webhooks are there; notes the updates. */
function up42({ scopes = ["webhooks", "secrets"] }: { scopes?: readonly string[] } = {}) {
  const updates: UpdateWebhookRequest[] = [];
  const webhooks = {
    getWebhook: () => create(WebhookSchema, stored),
    listWebhooks: () => ({ webhooks: [stored, unsigned].map((one) => create(WebhookSchema, one)) }),
    getWebhookSecret: () => ({ secret: "QWZTFnMEXhqZKNmu" }),
    updateWebhook(request: UpdateWebhookRequest) {
      updates.push(request);
      return create(WebhookSchema, stored);
    },
  };
  return { ...setup({ webhooks }, { compat: "up42", scopes }), updates };
}

/** A request as REST reads it from a body. */
function update(body: object) {
  return fromJson(UpdateUp42WebhookRequestSchema, { ...place, ...body });
}

describe("UP42's webhooks", () => {
  test("have their real secret, or null", async () => {
    const { data } = await up42().up42.listUp42Webhooks({ workspaceId: "acme" });
    const secrets = data.map(({ secret }) => secret?.kind);
    expect(secrets).toMatchObject([
      { case: "stringValue", value: "QWZTFnMEXhqZKNmu" },
      { case: "nullValue" },
    ]);
  });

  test("leave a secret out that the key may not read, so that it can be sent back", async () => {
    const { data } = await up42({ scopes: ["webhooks"] }).up42.listUp42Webhooks(place);
    expect(data.map(({ secret }) => secret?.kind.case)).toEqual([undefined, "nullValue"]);
  });

  test.each([
    ["nothing", {}, undefined],
    ["a name", { name: "A" }, [["name"], { name: "A" }]],
    ["no secret", { secret: null }, [["secret"], { secret: "" }]],
    [
      "another secret",
      { secret: "QWZTFnMEXhqZKNmu" },
      [["secret"], { secret: "QWZTFnMEXhqZKNmu" }],
    ],
    ["inactivity", { active: false }, [["state"], { state: Webhook_State.PAUSED }]],
    ["activity", { active: true }, [["state"], { state: Webhook_State.ACTIVE }]],
    ["events", { events: ["a", "b"] }, [["event_types"], { eventTypes: ["a", "b"] }]],
    ["no events", { events: [] }, [["event_types"], { eventTypes: [] }]],
    ["what is only read", { id: "wh_1", createdAt: "2026-03-02T09:30:00Z" }, undefined],
  ])("are updated by %s, and the rest stays", async (_name, body, expected) => {
    const { up42: service, updates } = up42();
    await service.updateUp42Webhook(update(body));
    const sent = updates.map(({ updateMask, webhook }) => [updateMask?.paths, webhook]);
    expect(sent).toMatchObject(expected === undefined ? [] : [expected]);
  });

  test.each([
    ["id", { id: "wh_2" }],
    ["secret", { secret: 7 }],
    ["events[1]", { events: ["a", 7] }],
  ])("refuse a wrong %s, naming it, and change nothing", async (field, body) => {
    const { up42: service, updates } = up42();
    await expect(service.updateUp42Webhook(update(body))).rejects.toMatchObject({
      reason: "invalid",
      fields: [{ field }],
    });
    expect(updates).toEqual([]);
  });
});
