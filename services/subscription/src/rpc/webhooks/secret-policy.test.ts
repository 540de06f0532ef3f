import { masterKey, open, unwrapDataKey } from "@posthorn/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/";
const own = "QWZTFnMEXhqZKNmu";
const hmac = "signatures: [{ scheme: HMAC, header: X-Signature }]";
const lenient = `${hmac}\nsecrets: { readable: true, custom: true, optional: true }`;
const whsec = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;

const create = ({ as }: Tenant, webhook: { secret?: string } = {}) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, ...webhook } });

const setSecret = ({ as }: Tenant, id: string, secret: string) =>
  as.webhooks.updateWebhook({
    workspace,
    webhook: { id, secret },
    updateMask: { paths: ["secret"] },
  });

const secretOf = async ({ as }: Tenant, webhook: string) =>
  (await as.webhooks.getWebhookSecret({ workspace, webhook })).secret;

/** The secrets that sign now, newest first, as delivery sees them. */
async function signing({ workspaceId }: Tenant): Promise<string[]> {
  const { workspaces, providers } = await it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId }],
  });
  const wrapped = providers[0]?.wrappedDataKey ?? new Uint8Array();
  const dataKey = unwrapDataKey(masterKey(it.masterKey), wrapped);
  const webhook = workspaces[0]?.webhooks[0];
  return (webhook?.secrets ?? []).map(({ sealed }) =>
    new TextDecoder().decode(open(dataKey, sealed, `secret:${webhook?.webhookId}`)),
  );
}

test("signs with the customer's own secret, and shows it where the policy says so", async () => {
  const tenant = await it.tenant(lenient);
  const created = await create(tenant, { secret: own });
  expect(created).toMatchObject({ secret: own, hasSecret: true });
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: created.id });
  expect(read).toMatchObject({ secret: "", hasSecret: true });
  expect(await secretOf(tenant, created.id)).toBe(own);
  expect(await signing(tenant)).toEqual([own]);
});

test("makes a webhook without a secret where the policy makes it optional", async () => {
  const tenant = await it.tenant(lenient);
  const created = await create(tenant);
  expect(created).toMatchObject({ secret: "", hasSecret: false });
  expect(await secretOf(tenant, created.id)).toBe("");
  expect(await signing(tenant)).toEqual([]);
});

test("makes a secret where the policy lets customers choose and they do not", async () => {
  const tenant = await it.tenant("secrets: { custom: true }");
  const created = await create(tenant);
  expect(created.secret).toMatch(/^whsec_/);
  expect(await signing(tenant)).toEqual([created.secret]);
});

test("sets another secret, takes it away and rotates one in, each at once", async () => {
  const tenant = await it.tenant(lenient);
  const { id, etag } = await create(tenant, { secret: own });
  const same = await setSecret(tenant, id, own);
  expect(same.etag).toBe(etag);
  const changed = await setSecret(tenant, id, "another secret");
  expect(changed).toMatchObject({ secret: "", hasSecret: true });
  expect(changed.etag).not.toBe(etag);
  expect(await signing(tenant)).toEqual(["another secret"]);
  expect(await setSecret(tenant, id, "")).toMatchObject({ hasSecret: false });
  expect(await signing(tenant)).toEqual([]);
  const rotated = await tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook: id });
  expect(rotated.hasSecret).toBe(true);
  expect(await signing(tenant)).toEqual([rotated.secret]);
});

test("answers a second after an old secret has ended at once", async () => {
  const tenant = await it.tenant(lenient);
  const { id } = await create(tenant, { secret: own });
  const startedAtMs = performance.now();
  await setSecret(tenant, id, "");
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
});

test("keeps the old secret beside a new one of the customer's where the policy overlaps", async () => {
  const tenant = await it.tenant("secrets: { custom: true }");
  const created = await create(tenant);
  await setSecret(tenant, created.id, whsec);
  expect(await signing(tenant)).toEqual([whsec, created.secret]);
});

test("leaves the secret alone in an update of all fields that holds none", async () => {
  const tenant = await it.tenant(lenient);
  const created = await create(tenant, { secret: own });
  const webhook = { ...created, secret: "", name: "x" };
  await tenant.as.webhooks.updateWebhook({ workspace, webhook, updateMask: { paths: ["*"] } });
  expect(await signing(tenant)).toEqual([own]);
});

test.each([
  { case: "a secret where customers choose none", yaml: hmac, secret: own },
  { case: "text where its bytes are the key", yaml: "secrets: { custom: true }", secret: own },
  { case: "seven characters", yaml: lenient, secret: "1234567" },
])("refuses $case, made or changed", async ({ yaml, secret }) => {
  const tenant = await it.tenant(yaml);
  const refusal = { reason: "invalid", fields: ["webhook.secret"] };
  expect(await refusalOf(create(tenant, { secret }))).toEqual(refusal);
  const { webhooks } = await tenant.as.webhooks.listWebhooks({ workspace });
  expect(webhooks).toEqual([]);
  const { id } = await create(tenant);
  const before = await signing(tenant);
  expect(await refusalOf(setSecret(tenant, id, secret))).toEqual(refusal);
  expect(await signing(tenant)).toEqual(before);
});

test("refuses to take a secret away that is not optional", async () => {
  const tenant = await it.tenant(`${hmac}\nsecrets: { custom: true }`);
  const { id } = await create(tenant, { secret: own });
  expect(await refusalOf(setSecret(tenant, id, ""))).toEqual({
    reason: "invalid",
    fields: ["webhook.secret"],
  });
  expect(await signing(tenant)).toEqual([own]);
});

test("refuses to show a secret where the policy does not, and another tenant's", async () => {
  const closed = await it.tenant();
  const { id } = await create(closed);
  expect(await refusalOf(secretOf(closed, id))).toEqual({ reason: "precondition", fields: [] });
  const tenant = await it.tenant(lenient);
  expect(await refusalOf(secretOf(tenant, id))).toMatchObject({ reason: "not_found" });
  const { key } = await tenant.as.keys.createApiKey({ workspace, scopes: ["webhooks"] });
  const mine = (await create(tenant)).id;
  const unscoped = it.with(key).webhooks.getWebhookSecret({ workspace, webhook: mine });
  expect(await refusalOf(unscoped)).toMatchObject({ reason: "forbidden" });
});

test.each([
  { case: "where the policy says so", yaml: "secrets: { rotation: AT_ONCE }" },
  { case: "where signatures hold one value", yaml: hmac },
])("rotates at once $case, and refuses any overlap", async ({ yaml }) => {
  const tenant = await it.tenant(yaml);
  const { id: webhook, secret } = await create(tenant);
  const rotate = (overlap?: { seconds: bigint }) =>
    tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook, ...(overlap && { overlap }) });
  expect(await refusalOf(rotate({ seconds: 1n }))).toEqual({
    reason: "invalid",
    fields: ["overlap"],
  });
  expect(await signing(tenant)).toEqual([secret]);
  const rotated = await rotate();
  expect(await signing(tenant)).toEqual([rotated.secret]);
});
