import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import {
  appClient,
  localTransport,
  remoteAuthority,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { logger } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const serviceKey = "key-of-this-process";
const workspace = "acme";

function local() {
  const { authority, routes, internalRoutes } = it.service;
  const log = logger({ name: "subscription test", level: "silent" });
  const interceptors = serverInterceptors({ authority, serviceKey, log });
  return localTransport((router) => [routes, internalRoutes].map((put) => put(router)), {
    interceptors,
  });
}

test("answers within one process as it does over the network", async () => {
  const { operatorKey } = await it.tenant();
  const webhooks = appClient(WebhookService, withServiceKey(local(), operatorKey));
  const headers = { "X-Key": "k" };
  const webhook = { url: "https://example.com/", headers };
  const created = await webhooks.createWebhook({ workspace, webhook });
  expect(created.secret).not.toBe("");
  expect(await webhooks.listWebhooks({ workspace })).toMatchObject({
    webhooks: [{ id: created.id, secret: "", headers: { "X-Key": "***" } }],
  });
  const bad = webhooks.createWebhook({ workspace, webhook: { url: "" } });
  expect(await refusalOf(bad)).toEqual({ reason: "invalid", fields: ["webhook.url"] });
});

test("tells the other services about keys and workspaces", async () => {
  const { operatorKey, provider, workspaceId, as } = await it.tenant();
  const transport = withServiceKey(local(), serviceKey);
  const authority = remoteAuthority({ transport });
  const { key } = await as.keys.createApiKey({ workspace, scopes: ["webhooks"] });
  for (const text of [operatorKey, key, it.adminKey]) {
    expect(await authority.checkKey(text)).toEqual(await it.service.authority.checkKey(text));
  }
  const query = { provider, workspace, create: false };
  expect(await authority.resolveWorkspace(query)).toBe(workspaceId);
  expect(await authority.resolveWorkspace({ ...query, workspace: "other" })).toBeUndefined();
});

test("makes an operator key for a provider that has lost all of its own", async () => {
  const { provider } = await it.tenant();
  const key = await it.service.createOperatorKey(provider);
  expect((await it.with(key).providers.getOwnProvider({})).name).toBe(provider);
  expect(await refusalOf(it.service.createOperatorKey("nobody"))).toMatchObject({
    reason: "not_found",
  });
});

test("gives delivery a fresh webhook by the very next sync", async () => {
  const { as, workspaceId } = await it.tenant();
  const sync = appClient(SubscriptionSyncService, withServiceKey(local(), serviceKey));
  const webhook = { url: "https://example.com/" };
  const { id } = await as.webhooks.createWebhook({ workspace, webhook });
  const { workspaces } = await sync.syncSubscriptions({ workspaces: [{ workspaceId }] });
  expect(workspaces[0]?.webhooks).toMatchObject([{ webhookId: id }]);
});
