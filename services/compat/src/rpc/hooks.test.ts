import { create } from "@bufbuild/protobuf";
import { AppError, toConnectError } from "@posthorn/errors";
import { Webhook_State, WebhookSchema } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { UpdateWebhookRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { describe, expect, test } from "vitest";
import { setup as setupWith } from "../../test/setup.ts";

const stored = { id: "wh_1", name: "Mine", url: "https://example.com/", eventTypes: ["order.a"] };

function setup({ scripts = {}, principal = {} }: Partial<Record<"scripts" | "principal", object>>) {
  return setupWith(scripts, { compat: "tracktile", ...principal });
}

describe("Tracktile's hooks", () => {
  test("are asked for in the key's workspace, with the caller's key and request id", async () => {
    const seen: unknown[] = [];
    const webhooks = {
      getWebhook(request: { workspace: string; webhook: string }) {
        seen.push([request.workspace, request.webhook]);
        return create(WebhookSchema, stored);
      },
    };
    const { hooks, headers, key } = setup({ scripts: { webhooks } });
    await hooks.getHook({ id: "wh_1" }, { headers: { "x-request-id": "request-1" } });
    expect(seen).toEqual([["ws_acme", "wh_1"]]);
    expect(headers[0]?.get("authorization")).toBe(`Bearer ${key}`);
    expect(headers[0]?.get("x-request-id")).toBe("request-1");
  });

  test("refuse an operator key in words that say which one is needed", async () => {
    const { hooks } = setupWith({}, operatorOf("tracktile"));
    await expect(hooks.listHooks({})).rejects.toMatchObject({
      reason: "precondition",
      message: "/hooks is for the key of one workspace, and this is an operator key",
    });
  });

  test.each([
    [Webhook_State.ACTIVE, "active"],
    [Webhook_State.PAUSED, "paused"],
    [Webhook_State.DISABLED, "paused"],
  ])("in state %i are %s", async (state, status) => {
    const webhooks = { getWebhook: () => create(WebhookSchema, { ...stored, state }) };
    const { hooks } = setup({ scripts: { webhooks } });
    expect(await hooks.getHook({ id: "wh_1" })).toMatchObject({ on: "order.a", status });
  });

  test("are listed whole, however many pages they are", async () => {
    const webhooks = {
      listWebhooks: ({ pageToken }: { pageToken: string }) =>
        pageToken === "" ? page("wh_2", "next") : page("wh_1", ""),
    };
    const { hooks } = setup({ scripts: { webhooks } });
    expect((await hooks.listHooks({})).hooks.map(({ id }) => id)).toEqual(["wh_2", "wh_1"]);
  });

  test("are updated by the members that are there, and by none are read", async () => {
    const masks: unknown[] = [];
    const webhooks = {
      getWebhook: () => create(WebhookSchema, stored),
      updateWebhook(request: UpdateWebhookRequest) {
        masks.push([request.updateMask?.paths, request.webhook?.state]);
        return create(WebhookSchema, stored);
      },
    };
    const { hooks } = setup({ scripts: { webhooks } });
    await hooks.updateHook({ id: "wh_1", status: "paused" });
    await hooks.updateHook({ id: "wh_1", name: "", on: "order.b" });
    expect(await hooks.updateHook({ id: "wh_1" })).toMatchObject({ id: "wh_1" });
    expect(masks).toEqual([
      [["state"], Webhook_State.PAUSED],
      [["name", "event_types"], Webhook_State.STATE_UNSPECIFIED],
    ]);
  });

  test("name fields in refusals as Tracktile does", async () => {
    const fields = [
      { field: "webhook.eventTypes[0]", description: "order.b is not in the catalog" },
    ];
    const message = "webhook.eventTypes[0]: order.b is not in the catalog";
    const webhooks = {
      createWebhook() {
        throw toConnectError(new AppError("invalid", message, { fields }), "");
      },
    };
    const { hooks } = setup({ scripts: { webhooks } });
    await expect(hooks.createHook({ on: "order.b" })).rejects.toMatchObject({
      reason: "invalid",
      message: "on: order.b is not in the catalog",
      fields: [{ field: "on", description: "order.b is not in the catalog" }],
    });
  });

  test("list executions of several deliveries newest first, and those without an answer", async () => {
    const attempt = (id: string, seconds: bigint, rest = {}) => {
      return { id, eventType: "order.a", startTime: { seconds }, ...rest };
    };
    const attempts: Record<string, object[]> = {
      dlv_new: [attempt("att_2", 20n, { statusCode: 200, responseBody: "" })],
      dlv_old: [attempt("att_1", 10n, { error: "no route" }), attempt("att_3", 30n)],
    };
    const deliveries = {
      listDeliveries: () => ({
        deliveries: [
          { id: "dlv_new", attemptCount: 1 },
          { id: "dlv_old", attemptCount: 2 },
          { id: "dlv_untried" },
        ],
      }),
      listAttempts: ({ delivery }: { delivery: string }) => ({
        attempts: attempts[delivery] ?? [],
      }),
    };
    const webhooks = { getWebhook: () => create(WebhookSchema, stored) };
    const { hooks } = setup({ scripts: { deliveries, webhooks } });
    const { executions } = await hooks.listExecutions({ id: "wh_1" });
    expect(executions.map(({ id }) => id)).toEqual(["att_3", "att_2", "att_1"]);
    expect(executions[1]).toMatchObject({ statusCode: 200, response: { body: "" } });
    expect(executions[2]?.response).toBeUndefined();
    expect(executions.map(({ error }) => error?.kind.value)).toEqual([0, 0, "no route"]);
  });
});

function operatorOf(compat: string) {
  return { level: "operator", workspaceId: undefined, scopes: [], compat } as never;
}

function page(id: string, nextPageToken: string) {
  return { webhooks: [create(WebhookSchema, { ...stored, id })], nextPageToken };
}
