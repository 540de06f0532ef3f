import { masterKey, open, signingSeed, unwrapDataKey } from "@posthorn/sealing";
import { signingKeyOf } from "@posthorn/signature";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant, yamlFile } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const ed25519 = "signatures: [{ scheme: STANDARD_ED25519 }]";
const both = "signatures: [{ scheme: STANDARD }, { scheme: RFC9421, algorithm: ED25519 }]";
const hmac = "signatures: [{ scheme: HMAC, header: X-Acme-Signature }]";

const create = ({ as }: Tenant, headers = {}) =>
  as.webhooks.createWebhook({ workspace, webhook: { url: "https://example.com/", headers } });

/** The public keys of what delivery signs with, newest first. */
async function signingKeys({ workspaceId }: Tenant) {
  const { workspaces, providers } = await it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId }],
  });
  const wrapped = providers[0]?.wrappedDataKey ?? new Uint8Array();
  const dataKey = unwrapDataKey(masterKey(it.masterKey), wrapped);
  const { webhookId = "", secrets = [] } = workspaces[0]?.webhooks[0] ?? {};
  return secrets.map(({ sealed }) => {
    const secret = Buffer.from(open(dataKey, sealed, `secret:${webhookId}`)).toString();
    return signingKeyOf(signingSeed(dataKey, { webhookId, secret })).publicKey;
  });
}

test("shows the public key, and no secret, where receivers need none", async () => {
  const tenant = await it.tenant(ed25519);
  const created = await create(tenant);
  expect(created.secret).toBe("");
  expect(created.publicKeys).toEqual([expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/)]);
  expect(created.publicKeys).toEqual(await signingKeys(tenant));
  const rotated = await tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook: created.id });
  expect(rotated.secret).toBe("");
});

test("shows the present key first, then those still in overlap, in every answer", async () => {
  const tenant = await it.tenant(both);
  const { webhooks } = tenant.as;
  const created = await create(tenant);
  const other = await create(tenant);
  expect(created.secret).toMatch(/^whsec_/);
  const rotated = await webhooks.rotateWebhookSecret({ workspace, webhook: created.id });
  expect(rotated.secret).toMatch(/^whsec_/);
  const [present = "", ...old] = rotated.publicKeys;
  expect(created.publicKeys).not.toContain(present);
  expect(old).toEqual(created.publicKeys);
  const { publicKeys } = rotated;
  const updated = await webhooks.updateWebhook({
    workspace,
    webhook: { id: created.id, name: "renamed" },
  });
  const listed = await webhooks.listWebhooks({ workspace });
  expect(updated.publicKeys).toEqual(publicKeys);
  expect((await webhooks.getWebhook({ workspace, webhook: created.id })).publicKeys).toEqual(
    publicKeys,
  );
  expect(listed.webhooks.map((webhook) => webhook.publicKeys)).toEqual([
    other.publicKeys,
    publicKeys,
  ]);
});

test("shows no public key where receivers verify with the secret", async () => {
  const tenant = await it.tenant();
  expect((await create(tenant)).publicKeys).toEqual([]);
});

test("shows the keys of webhooks that were there before the provider signed with them", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  const file = yamlFile(`name: ${tenant.provider}\n${both}`);
  await it.admin.providers.applyProvider({ file });
  const { publicKeys } = await tenant.as.webhooks.getWebhook({ workspace, webhook: id });
  expect(publicKeys).toEqual(await signingKeys(tenant));
});

test("refuses public keys of the caller's own", async () => {
  const { as } = await it.tenant(ed25519);
  const webhook = { url: "https://example.com/", publicKeys: ["whpk_"] };
  expect(await refusalOf(as.webhooks.createWebhook({ workspace, webhook }))).toEqual({
    reason: "invalid",
    fields: ["webhook.publicKeys"],
  });
});

test("refuses a custom header that a signature stands in", async () => {
  const tenant = await it.tenant(hmac);
  const headers = { "x-acme-signature": "mine" };
  expect(await refusalOf(create(tenant, headers))).toEqual({
    reason: "invalid",
    fields: ['webhook.headers["x-acme-signature"]'],
  });
  const { id } = await create(tenant, { "X-Other": "1" });
  const update = { workspace, webhook: { id, headers } };
  expect(await refusalOf(tenant.as.webhooks.updateWebhook(update))).toMatchObject({
    reason: "invalid",
  });
});
