import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Webhook_State,
  Webhook_WhenPaused,
  type WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

type Draft = MessageInitShape<typeof WebhookSchema>;

const url = "https://example.com/hook";
const workspace = "acme";
const create = ({ as }: Tenant, webhook: Draft = {}) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, ...webhook } });
const update = ({ as }: Tenant, webhook: Draft, paths: string[] = []) =>
  as.webhooks.updateWebhook({ workspace, webhook, updateMask: { paths } });

test("registers a webhook and gives its secret once", async () => {
  const tenant = await it.tenant("eventTypes: [{ name: order.paid }]");
  const settings = {
    name: "Mine",
    description: "D",
    eventTypes: ["order.paid", "order.*", "later.*"],
    state: Webhook_State.PAUSED,
    inFlightMax: 3,
    timeout: { seconds: 2n, nanos: 500_000_000 },
    retryPolicy: { delays: [{ seconds: 5n, nanos: 0 }] },
    metadata: { team: "north", "a b": "" },
    filter: "event.data.total > 10",
    whenPaused: Webhook_WhenPaused.HOLD,
    rateLimit: { perSecond: 0.5 },
    ordered: true,
  };
  const created = await create(tenant, {
    ...settings,
    url: "https://EXAMPLE.com/Hook",
    headers: { Authorization: "Bearer abc", "X-Key": "k" },
  });
  expect(created).toMatchObject({
    ...settings,
    url: "https://example.com/Hook",
    headers: { Authorization: "***", "X-Key": "***" },
  });
  expect(created.id).toMatch(/^wh_[0-9a-z]{26}$/);
  expect(created.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(created.etag).not.toBe("");
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: created.id });
  expect(read).toEqual({ ...created, secret: "" });
});

test("registers a webhook by its url alone, active, for all types", async () => {
  const created = await create(await it.tenant());
  expect(created).toMatchObject({
    url,
    state: Webhook_State.ACTIVE,
    eventTypes: [],
    headers: {},
    inFlightMax: 0,
    filter: "",
    whenPaused: Webhook_WhenPaused.SKIP,
    ordered: false,
  });
  expect(created.rateLimit).toBeUndefined();
  expect(created.timeout).toBeUndefined();
  expect(created.retryPolicy).toBeUndefined();
});

test("lets a provider that allows it create a workspace by naming it", async () => {
  const { as } = await it.tenant();
  await as.webhooks.createWebhook({ workspace: "fresh", webhook: { url } });
  expect(await as.workspaces.getWorkspace({ workspace: "fresh" })).toMatchObject({
    alias: "fresh",
  });
  const strict = await it.tenant("workspacesMustExist: true");
  const naming = strict.as.webhooks.createWebhook({ workspace: "fresh", webhook: { url } });
  expect(await refusalOf(naming)).toMatchObject({ reason: "not_found" });
});

test("takes any event type where unknown ones are created", async () => {
  const tenant = await it.tenant("unknownEventTypes: CREATE");
  const eventTypes = ["never.seen"];
  expect(await create(tenant, { eventTypes })).toMatchObject({ eventTypes });
});

test.each([{ yaml: "" }, { yaml: "unknownEventTypes: CREATE" }])(
  "lets webhooks name posthorn's own event types, and no others of its ($yaml)",
  async ({ yaml }) => {
    const tenant = await it.tenant(yaml);
    const eventTypes = ["posthorn.webhook.disabled", "posthorn.delivery.exhausted", "posthorn.*"];
    expect(await create(tenant, { eventTypes })).toMatchObject({ eventTypes });
    const unknown = create(tenant, { eventTypes: ["posthorn.webhook.enabled"] });
    expect(await refusalOf(unknown)).toEqual({
      reason: "invalid",
      fields: ["webhook.eventTypes[0]"],
    });
  },
);

const time = { seconds: 1n };
const days = (count: number) => Array.from({ length: count }, () => ({ seconds: 86_400n }));
const headersOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]));

test.each<{ webhook: Draft; fields: string[] }>([
  { webhook: { url: "" }, fields: ["webhook.url"] },
  { webhook: { url: "http://example.com/" }, fields: ["webhook.url"] },
  { webhook: { url: "https://10.0.0.1/" }, fields: ["webhook.url"] },
  { webhook: { url: "https://user:pass@example.com/" }, fields: ["webhook.url"] },
  { webhook: { url: `https://example.com/${"x".repeat(2_048)}` }, fields: ["webhook.url"] },
  { webhook: { name: "x".repeat(129) }, fields: ["webhook.name"] },
  { webhook: { name: "a\u0000" }, fields: ["webhook.name"] },
  { webhook: { description: "x".repeat(2_049) }, fields: ["webhook.description"] },
  { webhook: { eventTypes: ["nope"] }, fields: ["webhook.eventTypes[0]"] },
  { webhook: { eventTypes: ["a", "no pe"] }, fields: ["webhook.eventTypes[1]"] },
  { webhook: { eventTypes: ["*"] }, fields: ["webhook.eventTypes[0]"] },
  { webhook: { eventTypes: ["a", "a"] }, fields: ["webhook.eventTypes"] },
  {
    webhook: { eventTypes: Array.from({ length: 1_001 }, (_, index) => `t${index}.*`) },
    fields: ["webhook.eventTypes"],
  },
  { webhook: { state: Webhook_State.DISABLED }, fields: ["webhook.state"] },
  { webhook: { state: 9 as Webhook_State }, fields: ["webhook.state"] },
  {
    webhook: { headers: { "Content-Length": "1" } },
    fields: ['webhook.headers["Content-Length"]'],
  },
  { webhook: { headers: { "x-a": "a\r\nb: c" } }, fields: ['webhook.headers["x-a"]'] },
  { webhook: { headers: { "x-a": "ä" } }, fields: ['webhook.headers["x-a"]'] },
  { webhook: { headers: { "x-a": "***" } }, fields: ['webhook.headers["x-a"]'] },
  { webhook: { headers: { "X-A": "1", "x-a": "2" } }, fields: ["webhook.headers"] },
  { webhook: { headers: headersOf(21) }, fields: ["webhook.headers"] },
  { webhook: { inFlightMax: 1_001 }, fields: ["webhook.inFlightMax"] },
  { webhook: { inFlightMax: -1 }, fields: ["webhook.inFlightMax"] },
  { webhook: { timeout: { seconds: 31n } }, fields: ["webhook.timeout"] },
  { webhook: { timeout: { seconds: 0n } }, fields: ["webhook.timeout"] },
  { webhook: { retryPolicy: { delays: days(15) } }, fields: ["webhook.retryPolicy.delays"] },
  { webhook: { retryPolicy: { delays: days(21) } }, fields: ["webhook.retryPolicy.delays"] },
  { webhook: { metadata: { k: "x".repeat(513) } }, fields: ['webhook.metadata["k"]'] },
  { webhook: { metadata: { k: "\u0000" } }, fields: ["webhook.metadata.k"] },
  { webhook: { filter: `event.id == "${"x".repeat(4_096)}"` }, fields: ["webhook.filter"] },
  { webhook: { filter: "event.id == '\u0000'" }, fields: ["webhook.filter"] },
  { webhook: { whenPaused: 3 as Webhook_WhenPaused }, fields: ["webhook.whenPaused"] },
  { webhook: { rateLimit: {} }, fields: ["webhook.rateLimit.perSecond"] },
  { webhook: { rateLimit: { perSecond: 0.009 } }, fields: ["webhook.rateLimit.perSecond"] },
  { webhook: { rateLimit: { perSecond: 10_001 } }, fields: ["webhook.rateLimit.perSecond"] },
  { webhook: { rateLimit: { perSecond: Number.NaN } }, fields: ["webhook.rateLimit.perSecond"] },
  { webhook: { breaker: {} }, fields: ["webhook.breaker"] },
  { webhook: { consecutiveFailures: 1 }, fields: ["webhook.consecutiveFailures"] },
  { webhook: { lastSuccessTime: time }, fields: ["webhook.lastSuccessTime"] },
  { webhook: { lastFailureTime: time }, fields: ["webhook.lastFailureTime"] },
  { webhook: { publicKeys: ["k"] }, fields: ["webhook.publicKeys"] },
  { webhook: { id: "wh_1" }, fields: ["webhook.id"] },
  { webhook: { secret: "whsec_x" }, fields: ["webhook.secret"] },
  { webhook: { disabledReason: 1 }, fields: ["webhook.disabledReason"] },
  { webhook: { createTime: time }, fields: ["webhook.createTime"] },
  { webhook: { updateTime: time }, fields: ["webhook.updateTime"] },
  { webhook: { etag: "1" }, fields: ["webhook.etag"] },
  { webhook: { id: "x", url: "", secret: "y" }, fields: ["webhook.id", "webhook.secret"] },
])("refuses to register with a bad $fields", async ({ webhook, fields }) => {
  const tenant = await it.tenant("eventTypes: [{ name: a }]");
  expect(await refusalOf(create(tenant, webhook))).toEqual({ reason: "invalid", fields });
  expect((await tenant.as.webhooks.listWebhooks({ workspace })).webhooks).toEqual([]);
});

test("refuses to register without a webhook", async () => {
  const { as } = await it.tenant();
  expect(await refusalOf(as.webhooks.createWebhook({ workspace }))).toEqual({
    reason: "invalid",
    fields: ["webhook"],
  });
});

test("names no secret in a refusal", async () => {
  const tenant = await it.tenant();
  const headers = { host: "canary-value" };
  const call = create(tenant, { url: "https://10.0.0.1/canary-token", headers });
  const error = await call.catch((reason: unknown) => reason);
  expect(`${error} ${JSON.stringify(error)}`).not.toContain("canary");
});

test("lists webhooks newest first, page by page", async () => {
  const tenant = await it.tenant();
  for (const name of ["a", "b", "c"]) await create(tenant, { name });
  const all = await tenant.as.webhooks.listWebhooks({ workspace });
  const ids = all.webhooks.map(({ id }) => id);
  expect(ids).toHaveLength(3);
  expect(ids).toEqual([...ids].sort().reverse());
  const first = await tenant.as.webhooks.listWebhooks({ workspace, pageSize: 2 });
  const pageToken = first.nextPageToken;
  const second = await tenant.as.webhooks.listWebhooks({ workspace, pageSize: 2, pageToken });
  expect([...first.webhooks, ...second.webhooks]).toEqual(all.webhooks);
  expect(second.nextPageToken).toBe("");
});

test("refuses a page token of another workspace, and one that was changed", async () => {
  const tenant = await it.tenant();
  const { as } = tenant;
  await create(tenant);
  await create(tenant);
  const { nextPageToken } = await as.webhooks.listWebhooks({ workspace, pageSize: 1 });
  await as.workspaces.createWorkspace({ workspace: { alias: "other" } });
  const elsewhere = as.webhooks.listWebhooks({ workspace: "other", pageToken: nextPageToken });
  expect(await refusalOf(elsewhere)).toEqual({ reason: "invalid", fields: ["pageToken"] });
  const changed = `A${nextPageToken.slice(1)}`.replace(/^AA/, "BA");
  const here = as.webhooks.listWebhooks({ workspace, pageToken: changed });
  expect(await refusalOf(here)).toEqual({ reason: "invalid", fields: ["pageToken"] });
});

test("changes what the mask names and nothing else", async () => {
  const tenant = await it.tenant("eventTypes: [{ name: a }]");
  const created = await create(tenant, {
    name: "Before",
    description: "D",
    eventTypes: ["a"],
    metadata: { k: "v" },
    timeout: { seconds: 3n },
  });
  const updated = await update(
    tenant,
    { id: created.id, name: "After", description: "ignored", url: "https://other.example/" },
    ["name", "url", "event_types", "timeout"],
  );
  expect(updated).toMatchObject({
    name: "After",
    description: "D",
    url: "https://other.example/",
    eventTypes: [],
    metadata: { k: "v" },
    secret: "",
  });
  expect(updated.timeout).toBeUndefined();
  expect(updated.etag).not.toBe(created.etag);
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: created.id });
  expect(read).toEqual(updated);
});

test("changes what is set where there is no mask", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, { name: "Before", description: "D" });
  expect(await update(tenant, { id, name: "After" })).toMatchObject({
    name: "After",
    description: "D",
    url,
  });
});

test("leaves etag and time when an update changes nothing", async () => {
  const tenant = await it.tenant();
  const created = await create(tenant, {
    name: "Same",
    headers: { a: "1" },
    metadata: { z: "1", a: "2" },
    retryPolicy: { delays: [{ seconds: 1n }] },
    rateLimit: { perSecond: 0.1 },
    ordered: true,
  });
  const updated = await update(tenant, {
    id: created.id,
    name: "Same",
    url: "https://EXAMPLE.com/hook",
    headers: { a: "1" },
    metadata: { a: "2", z: "1" },
    retryPolicy: { delays: [{ seconds: 1n }] },
    rateLimit: { perSecond: 0.1 },
    ordered: true,
    whenPaused: Webhook_WhenPaused.SKIP,
    state: Webhook_State.ACTIVE,
  });
  expect(updated).toEqual({ ...created, secret: "" });
});

test("pauses and resumes", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  const paused = await update(tenant, { id, state: Webhook_State.PAUSED });
  expect(paused.state).toBe(Webhook_State.PAUSED);
  const active = await update(tenant, { id }, ["state"]);
  expect(active.state).toBe(Webhook_State.ACTIVE);
});

test("changes filter, rate, order and what a pause does, each by its mask, and back", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  const settings = {
    filter: "event.type == 'a'",
    whenPaused: Webhook_WhenPaused.HOLD,
    rateLimit: { perSecond: 10_000 },
    ordered: true,
  };
  const paths = ["filter", "when_paused", "rate_limit", "ordered"];
  expect(await update(tenant, { id, ...settings }, paths)).toMatchObject(settings);
  expect(await update(tenant, { id, name: "After" })).toMatchObject(settings);
  const slower = await update(tenant, { id, rateLimit: { perSecond: 0.01 } });
  expect(slower).toMatchObject({ ...settings, rateLimit: { perSecond: 0.01 } });
  const back = await update(tenant, { id }, paths);
  expect(back).toMatchObject({ filter: "", whenPaused: Webhook_WhenPaused.SKIP, ordered: false });
  expect(back.rateLimit).toBeUndefined();
});

test("takes masked headers of an update as those that are stored", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, { headers: { A: "1", B: "2" } });
  const kept = await update(tenant, { id, headers: { a: "***", C: "3" } });
  expect(kept.headers).toEqual({ a: "***", C: "***" });
  const lost = update(tenant, { id, headers: { B: "***" } });
  expect(await refusalOf(lost)).toEqual({ reason: "invalid", fields: ['webhook.headers["B"]'] });
});

test("changes only under the present etag when one is given", async () => {
  const tenant = await it.tenant();
  const { id, etag } = await create(tenant);
  const first = await update(tenant, { id, etag, name: "First" }, ["name"]);
  const second = update(tenant, { id, etag, name: "Second" }, ["name", "etag"]);
  expect(await refusalOf(second)).toEqual({ reason: "conflict", fields: [] });
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: id });
  expect(read).toEqual(first);
});

test("lets one of ten changes under the same etag through", async () => {
  const tenant = await it.tenant();
  const { id, etag } = await create(tenant);
  await it.warm();
  const changes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => update(tenant, { id, etag, name: `${index}` })),
  );
  expect(changes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.each([
  { paths: ["id"], field: "webhook.id" },
  { paths: ["secret"], field: "webhook.secret" },
  { paths: ["create_time"], field: "webhook.createTime" },
  { paths: ["update_time"], field: "webhook.updateTime" },
  { paths: ["disabled_reason"], field: "webhook.disabledReason" },
  { paths: ["breaker"], field: "webhook.breaker" },
  { paths: ["breaker.state"], field: "updateMask" },
  { paths: ["consecutive_failures"], field: "webhook.consecutiveFailures" },
  { paths: ["last_success_time"], field: "webhook.lastSuccessTime" },
  { paths: ["last_failure_time"], field: "webhook.lastFailureTime" },
  { paths: ["public_keys"], field: "webhook.publicKeys" },
  { paths: ["workspace_id"], field: "updateMask" },
  { paths: ["metadata.k"], field: "updateMask" },
  { paths: ["url"], field: "webhook.url" },
])("refuses $paths in a mask", async ({ paths, field }) => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  expect(await refusalOf(update(tenant, { id }, paths))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test.each([
  { change: { url: "https://127.0.0.2/" }, fields: ["webhook.url"] },
  { change: { eventTypes: ["nope"] }, fields: ["webhook.eventTypes[0]"] },
  { change: { state: Webhook_State.DISABLED }, fields: ["webhook.state"] },
  { change: { headers: { via: "x" } }, fields: ['webhook.headers["via"]'] },
  { change: { retryPolicy: { delays: days(15) } }, fields: ["webhook.retryPolicy.delays"] },
  { change: { secret: "whsec_x" }, fields: ["webhook.secret"] },
  { change: { name: "\u0000" }, fields: ["webhook.name"] },
])("refuses to change to a bad $fields", async ({ change, fields }) => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  expect(await refusalOf(update(tenant, { id, ...change }))).toEqual({ reason: "invalid", fields });
});

test("deletes a webhook", async () => {
  const tenant = await it.tenant();
  const { webhooks } = tenant.as;
  const { id: webhook } = await create(tenant);
  await webhooks.deleteWebhook({ workspace, webhook });
  const refusals = await Promise.all(
    [
      webhooks.deleteWebhook({ workspace, webhook }),
      webhooks.getWebhook({ workspace, webhook }),
      webhooks.updateWebhook({ workspace, webhook: { id: webhook, name: "x" } }),
      webhooks.rotateWebhookSecret({ workspace, webhook }),
    ].map(refusalOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(Array(4).fill("not_found"));
});

test.each([{ webhook: "" }, { webhook: "wh_1" }, { webhook: "evt_01h455vb4pex5vsknk084sn02q" }])(
  "finds no webhook by the malformed id $webhook",
  async ({ webhook }) => {
    const { as } = await it.tenant();
    const refusals = await Promise.all(
      [
        as.webhooks.getWebhook({ workspace, webhook }),
        as.webhooks.deleteWebhook({ workspace, webhook }),
        as.webhooks.rotateWebhookSecret({ workspace, webhook }),
        as.webhooks.updateWebhook({ workspace, webhook: { id: webhook, name: "x" } }),
      ].map(refusalOf),
    );
    expect(refusals.map(({ reason }) => reason)).toEqual(Array(4).fill("not_found"));
  },
);

test("holds the limit of webhooks under ten concurrent creates", async () => {
  const tenant = await it.tenant("webhooksPerWorkspaceMax: 4");
  await it.warm();
  const creates = await Promise.allSettled(Array.from({ length: 10 }, () => create(tenant)));
  const refusals = creates.filter((result) => result.status === "rejected");
  expect(refusals.map(({ reason }) => reason)).toEqual(
    Array(6).fill(expect.objectContaining({ reason: "precondition" })),
  );
  const { webhooks } = await tenant.as.webhooks.listWebhooks({ workspace });
  expect(webhooks).toHaveLength(4);
  await tenant.as.webhooks.deleteWebhook({ workspace, webhook: webhooks[0]?.id ?? "" });
  expect(await create(tenant)).toMatchObject({ url });
});

test("has room for 50 webhooks when the provider does not say", async () => {
  const tenant = await it.tenant();
  await Promise.all(Array.from({ length: 50 }, () => create(tenant)));
  expect(await refusalOf(create(tenant))).toEqual({ reason: "precondition", fields: [] });
});

test("keeps read scopes from writes, and other scopes from webhooks", async () => {
  const tenant = await it.tenant();
  const { id: webhook } = await create(tenant);
  const keyOf = async (scope: string) =>
    (await tenant.as.keys.createApiKey({ workspace, scopes: [scope] })).key;
  const reader = it.with(await keyOf("webhooks:read")).webhooks;
  expect(await reader.getWebhook({ workspace, webhook })).toMatchObject({ id: webhook });
  expect((await reader.listWebhooks({ workspace })).webhooks).toHaveLength(1);
  const stranger = it.with(await keyOf("events:publish")).webhooks;
  const refusals = await Promise.all(
    [
      reader.createWebhook({ workspace, webhook: { url } }),
      reader.updateWebhook({ workspace, webhook: { id: webhook, name: "x" } }),
      reader.deleteWebhook({ workspace, webhook }),
      reader.rotateWebhookSecret({ workspace, webhook }),
      stranger.getWebhook({ workspace, webhook }),
      stranger.listWebhooks({ workspace }),
    ].map(refusalOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(Array(6).fill("forbidden"));
  const writer = it.with(await keyOf("webhooks")).webhooks;
  await writer.deleteWebhook({ workspace, webhook });
});
