import type { SyncCatalogResponse } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import {
  Webhook_DisabledReason,
  Webhook_State,
  Webhook_WhenPaused,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { Level } from "@posthorn/proto/posthorn/type/v1/options";
import { Signature_Scheme } from "@posthorn/proto/posthorn/type/v1/policy";
import { hashKey } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/";
const textOf = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

const ownNamesOf = ({ catalog }: SyncCatalogResponse) =>
  catalog?.eventTypes.flatMap(({ name, reserved }) => (reserved ? [] : name));

const sync = (workspaceId: string, version = 0n, known?: { provider: string; revision: bigint }) =>
  it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId, version }],
    providers: known ? [known] : [],
  });

test("gives all of a workspace and its provider to who knows neither", async () => {
  const { as, workspaceId, provider } = await it.tenant(
    "displayName: Acme\neventTypes: [{ name: a }]",
  );
  const webhook = await as.webhooks.createWebhook({
    workspace,
    webhook: {
      url,
      eventTypes: ["a", "b.*"],
      state: Webhook_State.PAUSED,
      inFlightMax: 3,
      timeout: { seconds: 2n },
      retryPolicy: { delays: [{ seconds: 5n }] },
      filter: "event.type == 'a'",
      whenPaused: Webhook_WhenPaused.HOLD,
      rateLimit: { perSecond: 2.5 },
      ordered: true,
    },
  });
  const { workspaces, providers } = await sync(workspaceId);
  expect(workspaces).toMatchObject([{ workspaceId, provider, deleted: false }]);
  expect(workspaces[0]?.webhooks).toMatchObject([
    {
      webhookId: webhook.id,
      version: workspaces[0]?.version,
      url,
      eventTypes: ["a", "b.*"],
      state: Webhook_State.PAUSED,
      inFlightMax: 3,
      timeout: { seconds: 2n },
      retryPolicy: { delays: [{ seconds: 5n }] },
      filter: "event.type == 'a'",
      whenPaused: Webhook_WhenPaused.HOLD,
      rateLimitPerSecond: 2.5,
      ordered: true,
    },
  ]);
  expect(workspaces[0]?.webhooks[0]?.cancelBefore).toBeUndefined();
  expect(workspaces[0]?.webhooks[0]?.secrets).toHaveLength(1);
  expect(providers).toMatchObject([
    {
      provider,
      displayName: "Acme",
      userAgent: "Acme-Webhooks/1.0",
      signatures: [{ scheme: Signature_Scheme.STANDARD }],
    },
  ]);
  const delays = providers[0]?.retryPolicy?.delays.map(({ seconds }) => Number(seconds));
  expect(delays).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
});

test("fills in what a webhook leaves to the defaults", async () => {
  const { as, workspaceId } = await it.tenant();
  await as.webhooks.createWebhook({ workspace, webhook: { url } });
  const { workspaces } = await sync(workspaceId);
  const webhook = workspaces[0]?.webhooks[0];
  expect(webhook).toMatchObject({
    inFlightMax: 64,
    timeout: { seconds: 15n },
    eventTypes: [],
    filter: "",
    whenPaused: Webhook_WhenPaused.SKIP,
    rateLimitPerSecond: 0,
    ordered: false,
  });
  expect(webhook?.retryPolicy).toBeUndefined();
  expect(webhook?.sealedHeaders).toHaveLength(0);
});

test("gives nothing when nothing changed, and only what did otherwise", async () => {
  const { as, workspaceId, provider } = await it.tenant();
  const first = await sync(workspaceId);
  const version = first.workspaces[0]?.version ?? 0n;
  const known = { provider, revision: first.providers[0]?.revision ?? 0n };
  const same = await sync(workspaceId, version, known);
  expect(same).toMatchObject({ workspaces: [], providers: [] });
  await as.providers.updateOwnProvider({ provider: { userAgent: "x/1" } });
  const second = await sync(workspaceId, version, known);
  expect(second).toMatchObject({ workspaces: [], providers: [{ provider, userAgent: "x/1" }] });
  await as.webhooks.createWebhook({ workspace, webhook: { url } });
  const third = await sync(workspaceId, version, {
    provider,
    revision: second.providers[0]?.revision ?? 0n,
  });
  expect(third).toMatchObject({ workspaces: [{ workspaceId }], providers: [] });
});

test("has every change whose answer was given before the call", async () => {
  const { as, workspaceId } = await it.tenant();
  const versions = [(await sync(workspaceId)).workspaces[0]?.version ?? 0n];
  const seen = async () => {
    const { workspaces } = await sync(workspaceId, versions.at(-1));
    expect(workspaces).toHaveLength(1);
    versions.push(workspaces[0]?.version ?? 0n);
    return workspaces[0]?.webhooks;
  };
  const { id } = await as.webhooks.createWebhook({ workspace, webhook: { url } });
  expect(await seen()).toMatchObject([{ webhookId: id, url }]);
  const changed = "https://changed.example/";
  await as.webhooks.updateWebhook({ workspace, webhook: { id, url: changed } });
  expect(await seen()).toMatchObject([{ url: changed }]);
  await as.webhooks.updateWebhook({ workspace, webhook: { id, state: Webhook_State.PAUSED } });
  expect(await seen()).toMatchObject([{ state: Webhook_State.PAUSED }]);
  await as.webhooks.rotateWebhookSecret({ workspace, webhook: id });
  expect((await seen())?.[0]?.secrets).toHaveLength(2);
  await as.webhooks.deleteWebhook({ workspace, webhook: id });
  expect(await seen()).toEqual([]);
  expect(versions).toEqual([...versions].sort((a, b) => Number(a - b)));
});

test("tells under which version a webhook's url or state last changed", async () => {
  const { as, workspaceId } = await it.tenant();
  const { id } = await as.webhooks.createWebhook({ workspace, webhook: { url } });
  const read = async () => (await sync(workspaceId)).workspaces[0]?.webhooks[0];
  const made = await read();
  expect(made?.targetVersion).toBe(made?.version);
  await as.webhooks.updateWebhook({ workspace, webhook: { id, name: "x" } });
  expect(await read()).toMatchObject({ targetVersion: made?.version });
  await as.webhooks.updateWebhook({ workspace, webhook: { id, state: Webhook_State.PAUSED } });
  const paused = await read();
  expect(paused?.targetVersion).toBe(paused?.version);
  expect(paused?.version).not.toBe(made?.version);
});

test("never skips a change that commits late, with writers and a reader at work", async () => {
  const { as, workspaceId } = await it.tenant();
  await it.warm();
  const made = new Set<string>();
  const known = { version: 0n, ids: new Set<string>() };
  const writing = Promise.all(
    [1, 2, 3, 4].map(async () => {
      for (let count = 0; count < 10; count += 1) {
        const { id } = await as.webhooks.createWebhook({ workspace, webhook: { url } });
        made.add(id);
      }
    }),
  );
  let writes = true;
  const finished = writing.finally(() => {
    writes = false;
  });
  while (writes) {
    const answered = [...made];
    const { workspaces } = await sync(workspaceId, known.version);
    for (const { version, webhooks } of workspaces) {
      expect(version).toBeGreaterThan(known.version);
      known.version = version;
      known.ids = new Set(webhooks.map(({ webhookId }) => webhookId));
    }
    expect(answered.filter((id) => !known.ids.has(id))).toEqual([]);
  }
  await finished;
  expect(made.size).toBe(40);
});

test("tells of a deleted workspace, and of one that never was, until that is known", async () => {
  const { as, workspaceId } = await it.tenant();
  const { workspaces } = await sync(workspaceId);
  await as.workspaces.deleteWorkspace({ workspace });
  const gone = await sync(workspaceId, workspaces[0]?.version);
  expect(gone.workspaces).toMatchObject([
    { workspaceId, deleted: true, provider: "", webhooks: [] },
  ]);
  const known = gone.workspaces[0]?.version;
  expect((await sync(workspaceId, known)).workspaces).toEqual([]);
  const never = newId("ws");
  expect((await sync(never)).workspaces).toMatchObject([{ workspaceId: never, deleted: true }]);
});

test("answers for a thousand workspaces at once and refuses more", async () => {
  const { workspaceId } = await it.tenant();
  const others = Array.from({ length: 999 }, () => ({ workspaceId: newId("ws") }));
  const { workspaces } = await it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId }, ...others],
  });
  expect(workspaces.filter(({ deleted }) => deleted)).toHaveLength(999);
  const many = { workspaces: [{ workspaceId }, { workspaceId: newId("ws") }, ...others] };
  expect(await refusalOf(it.internal.sync.syncSubscriptions(many))).toEqual({
    reason: "invalid",
    fields: ["workspaces"],
  });
  expect(await refusalOf(sync("ws_1"))).toEqual({
    reason: "invalid",
    fields: ["workspaces[0].workspaceId"],
  });
});

test("tells whom a key belongs to, by its hash", async () => {
  const { as, workspaceId, provider, operatorKey } = await it.tenant();
  const check = (key: string) => it.internal.sync.checkKey({ keySha256: hashKey(key) });
  expect(await check(it.adminKey)).toMatchObject({ level: Level.ADMIN, provider: "" });
  expect(await check(operatorKey)).toMatchObject({ level: Level.OPERATOR, provider, scopes: [] });
  const expireTime = { seconds: BigInt(Math.floor(Date.now() / 1_000) + 60) };
  const made = await as.keys.createApiKey({ workspace, scopes: ["webhooks"], expireTime });
  expect(await check(made.key)).toMatchObject({
    keyId: made.id,
    level: Level.WORKSPACE,
    provider,
    workspaceId,
    scopes: ["webhooks"],
    expireTime,
  });
  await as.keys.deleteApiKey({ apiKey: made.id });
  expect(await refusalOf(check(made.key))).toMatchObject({ reason: "not_found" });
  expect(await refusalOf(it.internal.sync.checkKey({}))).toMatchObject({ reason: "not_found" });
});

test("finds workspaces by id and alias and creates them when asked", async () => {
  const { workspaceId, provider } = await it.tenant();
  const { resolveWorkspace } = it.internal.sync;
  expect(await resolveWorkspace({ provider, workspace })).toMatchObject({ workspaceId });
  expect(await resolveWorkspace({ provider, workspace: workspaceId })).toMatchObject({
    workspaceId,
  });
  const unknown = { provider, workspace: "fresh" };
  expect(await refusalOf(resolveWorkspace(unknown))).toMatchObject({ reason: "not_found" });
  await it.warm();
  const creating = { ...unknown, createIfMissing: true };
  const made = await Promise.all(Array.from({ length: 10 }, () => resolveWorkspace(creating)));
  expect(new Set(made.map((it) => it.workspaceId)).size).toBe(1);
  expect(await resolveWorkspace(unknown)).toEqual(made[0]);
});

test.each([
  { workspace: "a b" },
  { workspace: "" },
  { workspace: "ws_unknown" },
  { workspace: "x".repeat(65) },
])("creates no workspace called '$workspace'", async ({ workspace }) => {
  const { provider } = await it.tenant();
  const call = it.internal.sync.resolveWorkspace({ provider, workspace, createIfMissing: true });
  expect(await refusalOf(call)).toMatchObject({ reason: "not_found" });
});

test("creates no workspace where they must exist, nor of an unknown provider", async () => {
  const { provider } = await it.tenant("workspacesMustExist: true");
  const { resolveWorkspace } = it.internal.sync;
  const requests = [
    { provider, workspace: "fresh", createIfMissing: true },
    { provider: "nobody", workspace: "fresh", createIfMissing: true },
    { provider: "NO", workspace: "fresh", createIfMissing: true },
  ];
  const refusals = await Promise.all(
    requests.map((request) => refusalOf(resolveWorkspace(request))),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(Array(3).fill("not_found"));
});

test("creates the workspace of operations even where workspaces must exist", async () => {
  const { as, provider } = await it.tenant("workspacesMustExist: true");
  const named = "posthorn.operations";
  const eventTypes = ["posthorn.webhook.*"];
  const { id } = await as.webhooks.createWebhook({
    workspace: named,
    webhook: { url, eventTypes },
  });
  const found = await it.internal.sync.resolveWorkspace({ provider, workspace: named });
  const { workspaces } = await sync(found.workspaceId);
  expect(workspaces[0]?.webhooks).toMatchObject([{ webhookId: id }]);
});

test("gives a catalog that is newer than the caller's", async () => {
  const { as, provider } = await it.tenant(
    "eventTypes: [{ name: a, schema: { type: object }, example: {} }, { name: b }]",
  );
  const { syncCatalog } = it.internal.sync;
  const first = await syncCatalog({ provider });
  expect(first.catalog).toMatchObject({ takesUnknownTypes: false });
  expect(ownNamesOf(first)).toEqual(["a", "b"]);
  expect(textOf(first.catalog?.eventTypes[0]?.schema)).toBe('{"type":"object"}');
  expect(textOf(first.catalog?.eventTypes[0]?.example)).toBe("{}");
  const knownRevision = first.revision;
  const same = await syncCatalog({ provider, knownRevision });
  expect(same.revision).toBe(knownRevision);
  expect(same.catalog).toBeUndefined();
  await as.eventTypes.createEventType({ eventType: { name: "c" } });
  const second = await syncCatalog({ provider, knownRevision });
  expect(ownNamesOf(second)).toEqual(["a", "b", "c"]);
  expect(await refusalOf(syncCatalog({ provider: "nobody" }))).toMatchObject({
    reason: "not_found",
  });
});

test("has posthorn's own types after those of any provider, each with an example", async () => {
  const { provider } = await it.tenant("eventTypes: [{ name: zz }]");
  const { catalog } = await it.internal.sync.syncCatalog({ provider });
  const [first, ...reserved] = catalog?.eventTypes ?? [];
  expect(first).toMatchObject({ name: "zz", reserved: false });
  expect(reserved.map(({ name }) => name)).toEqual([
    "posthorn.delivery.exhausted",
    "posthorn.webhook.disabled",
    "posthorn.webhook.failing",
    "posthorn.webhook.recovered",
  ]);
  for (const eventType of reserved) {
    expect(eventType.reserved).toBe(true);
    expect(JSON.parse(textOf(eventType.example))).toMatchObject({ webhook: expect.any(String) });
  }
});

test("adds unknown types where the provider takes them, once", async () => {
  const { as, provider } = await it.tenant("unknownEventTypes: CREATE");
  await it.warm();
  const add = (name: string) => it.internal.sync.addEventType({ provider, name });
  await Promise.all(Array.from({ length: 10 }, () => add("new.type")));
  const { eventTypes } = await as.eventTypes.listEventTypes({});
  expect(eventTypes).toMatchObject([{ name: "new.type" }]);
  const before = await it.internal.sync.syncCatalog({ provider });
  await add("new.type");
  expect(await it.internal.sync.syncCatalog({ provider })).toEqual(before);
  expect(before.catalog?.takesUnknownTypes).toBe(true);
});

test("adds no type of a name that is posthorn's own", async () => {
  const { as, provider } = await it.tenant("unknownEventTypes: CREATE");
  const add = it.internal.sync.addEventType({ provider, name: "posthorn.webhook.enabled" });
  expect(await refusalOf(add)).toMatchObject({ reason: "precondition" });
  expect((await as.eventTypes.listEventTypes({})).eventTypes).toEqual([]);
});

test("adds no type where unknown ones are refused, nor under a bad name", async () => {
  const { provider } = await it.tenant("eventTypes: [{ name: a }]");
  const { addEventType } = it.internal.sync;
  await addEventType({ provider, name: "a" });
  expect(await refusalOf(addEventType({ provider, name: "b" }))).toMatchObject({
    reason: "precondition",
  });
  for (const name of ["", "a..b", "ü", "x".repeat(129)]) {
    expect(await refusalOf(addEventType({ provider, name }))).toEqual({
      reason: "invalid",
      fields: ["name"],
    });
  }
  expect(await refusalOf(addEventType({ provider: "nobody", name: "a" }))).toMatchObject({
    reason: "not_found",
  });
});

const reason = Webhook_DisabledReason.GONE;

test.each([{ reason: Webhook_DisabledReason.GONE }, { reason: Webhook_DisabledReason.FAILING }])(
  "disables a webhook once for reason $reason, and its user enables it again",
  async ({ reason }) => {
    const { as, workspaceId } = await it.tenant();
    const { id: webhookId } = await as.webhooks.createWebhook({ workspace, webhook: { url } });
    const { workspaces } = await sync(workspaceId);
    const webhookVersion = workspaces[0]?.webhooks[0]?.version ?? 0n;
    const disable = () =>
      it.internal.sync.disableWebhook({ workspaceId, webhookId, webhookVersion, reason });
    expect(await disable()).toMatchObject({ disabled: true });
    expect(await disable()).toMatchObject({ disabled: false });
    expect(await as.webhooks.getWebhook({ workspace, webhook: webhookId })).toMatchObject({
      state: Webhook_State.DISABLED,
      disabledReason: reason,
    });
    const synced = await sync(workspaceId, workspaces[0]?.version);
    expect(synced.workspaces[0]?.webhooks).toMatchObject([{ state: Webhook_State.DISABLED }]);
    const renamed = await as.webhooks.updateWebhook({
      workspace,
      webhook: { id: webhookId, name: "x" },
    });
    expect(renamed).toMatchObject({ state: Webhook_State.DISABLED, disabledReason: reason });
    const enabled = await as.webhooks.updateWebhook({
      workspace,
      webhook: { id: webhookId, state: Webhook_State.ACTIVE },
    });
    expect(enabled).toMatchObject({ state: Webhook_State.ACTIVE, disabledReason: 0 });
    expect(await disable()).toMatchObject({ disabled: false });
  },
);

test.each([
  { case: "its url changed", change: { url: "https://moved.example/" }, disabled: false },
  { case: "it was paused", change: { state: Webhook_State.PAUSED }, disabled: false },
  { case: "only its name changed", change: { name: "x" }, disabled: true },
])("disables by an older version when $case: $disabled", async ({ change, disabled }) => {
  const { as, workspaceId } = await it.tenant();
  const { id } = await as.webhooks.createWebhook({ workspace, webhook: { url } });
  const { workspaces } = await sync(workspaceId);
  const webhookVersion = workspaces[0]?.webhooks[0]?.version ?? 0n;
  await as.webhooks.updateWebhook({ workspace, webhook: { id, ...change } });
  const request = { workspaceId, webhookId: id, webhookVersion, reason };
  expect(await it.internal.sync.disableWebhook(request)).toMatchObject({ disabled });
});

test("leaves alone what is gone, and refuses to disable without a reason", async () => {
  const { workspaceId } = await it.tenant();
  const webhookId = newId("wh");
  const { disableWebhook } = it.internal.sync;
  const gone = { workspaceId, webhookId, webhookVersion: 9n };
  expect(await disableWebhook({ ...gone, reason })).toMatchObject({ disabled: false });
  const elsewhere = { ...gone, workspaceId: newId("ws"), reason };
  expect(await disableWebhook(elsewhere)).toMatchObject({ disabled: false });
  expect(await refusalOf(disableWebhook(gone))).toEqual({ reason: "invalid", fields: ["reason"] });
  expect(await refusalOf(disableWebhook({ ...gone, workspaceId: "x", reason }))).toEqual({
    reason: "invalid",
    fields: ["workspaceId"],
  });
});

test("answers the services only", async () => {
  const { as, workspaceId } = await it.tenant();
  const refusals = await Promise.all(
    [as, it.admin].flatMap(({ sync }) =>
      [
        sync.syncSubscriptions({ workspaces: [{ workspaceId }] }),
        sync.checkKey({ keySha256: hashKey(it.adminKey) }),
        sync.resolveWorkspace({ provider: "first", workspace: "first" }),
        sync.syncCatalog({ provider: "first" }),
        sync.addEventType({ provider: "first", name: "a" }),
        sync.disableWebhook({ workspaceId, webhookId: newId("wh"), reason }),
      ].map(refusalOf),
    ),
  );
  expect(new Set(refusals.map((it) => it.reason))).toEqual(new Set(["forbidden"]));
});
