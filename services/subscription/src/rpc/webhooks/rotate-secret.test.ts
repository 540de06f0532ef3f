import { masterKey, open, unwrapDataKey } from "@posthorn/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";

const create = ({ as }: Tenant) =>
  as.webhooks.createWebhook({ workspace, webhook: { url: "https://example.com/" } });

/** The secrets that sign now, newest first, as delivery sees them. */
async function signing({ workspaceId }: Tenant) {
  const { workspaces, providers } = await it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId }],
  });
  const wrapped = providers[0]?.wrappedDataKey ?? new Uint8Array();
  const dataKey = unwrapDataKey(masterKey(it.masterKey), wrapped);
  const webhook = workspaces[0]?.webhooks[0];
  return (webhook?.secrets ?? []).map(({ sealed, expireTime }) => ({
    secret: new TextDecoder().decode(open(dataKey, sealed, `secret:${webhook?.webhookId}`)),
    endsInS: expireTime && Number(expireTime.seconds) - Date.now() / 1_000,
  }));
}

test("signs with both secrets for 24 hours unless told otherwise", async () => {
  const tenant = await it.tenant();
  const created = await create(tenant);
  const rotated = await tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook: created.id });
  expect(rotated.secret).toMatch(/^whsec_/);
  expect(rotated).toMatchObject({ id: created.id, url: created.url });
  expect(rotated.etag).not.toBe(created.etag);
  const [present, old, ...rest] = await signing(tenant);
  expect(present).toEqual({ secret: rotated.secret, endsInS: undefined });
  expect(old?.secret).toBe(created.secret);
  expect(Math.abs((old?.endsInS ?? 0) - 86_400)).toBeLessThan(60);
  expect(rest).toEqual([]);
});

test("signs with the new secret only after overlap 0, and answers a second after", async () => {
  const tenant = await it.tenant();
  const { id: webhook } = await create(tenant);
  await tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook });
  const overlap = { seconds: 0n };
  const startedAtMs = performance.now();
  const rotating = tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook, overlap });
  const rotated = await rotating;
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
  expect(await signing(tenant)).toEqual([{ secret: rotated.secret, endsInS: undefined }]);
});

test("ends every older secret within the new overlap", async () => {
  const tenant = await it.tenant();
  const { id: webhook } = await create(tenant);
  const rotate = (seconds: bigint) =>
    tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook, overlap: { seconds } });
  await rotate(604_800n);
  await rotate(60n);
  const [, ...old] = await signing(tenant);
  expect(old).toHaveLength(2);
  expect(old.every(({ endsInS = Number.POSITIVE_INFINITY }) => endsInS <= 61)).toBe(true);
});

test("refuses a sixth secret, but always rotates at once", async () => {
  const tenant = await it.tenant();
  const { id: webhook } = await create(tenant);
  const rotate = (overlap?: { seconds: bigint }) =>
    tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook, ...(overlap && { overlap }) });
  for (const _ of [1, 2, 3, 4]) await rotate();
  expect(await refusalOf(rotate())).toEqual({ reason: "precondition", fields: [] });
  expect(await signing(tenant)).toHaveLength(5);
  await rotate({ seconds: 0n });
  expect(await signing(tenant)).toHaveLength(1);
});

const hmac = "{ scheme: HMAC, header: X-Acme-Signature }";

test("rotates at once where no signature has room for two, and refuses an overlap", async () => {
  const tenant = await it.tenant(`signatures: [${hmac}]`);
  const { id: webhook } = await create(tenant);
  const { webhooks } = tenant.as;
  const overlap = { seconds: 1n };
  expect(await refusalOf(webhooks.rotateWebhookSecret({ workspace, webhook, overlap }))).toEqual({
    reason: "invalid",
    fields: ["overlap"],
  });
  const startedAtMs = performance.now();
  const rotated = await webhooks.rotateWebhookSecret({ workspace, webhook });
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
  expect(await signing(tenant)).toEqual([{ secret: rotated.secret, endsInS: undefined }]);
});

test("answers a second after where one of several signatures has no room for two", async () => {
  const tenant = await it.tenant(`signatures: [{ scheme: STANDARD }, ${hmac}]`);
  const { id: webhook } = await create(tenant);
  const startedAtMs = performance.now();
  await tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook });
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
  expect(await signing(tenant)).toHaveLength(2);
});

test.each([{ overlap: { seconds: 604_801n } }, { overlap: { seconds: -1n } }])(
  "refuses an overlap of $overlap.seconds s",
  async ({ overlap }) => {
    const tenant = await it.tenant();
    const { id: webhook } = await create(tenant);
    const rotating = tenant.as.webhooks.rotateWebhookSecret({ workspace, webhook, overlap });
    expect(await refusalOf(rotating)).toEqual({ reason: "invalid", fields: ["overlap"] });
  },
);
