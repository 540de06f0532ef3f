import { EnvelopeField_Source as Source } from "@posthorn/proto/posthorn/type/v1/envelope";
import { hashKey } from "@posthorn/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant, yamlFile } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/";
const spreading = `envelopes:
  - version: v1
    fields:
      - { name: id, source: EVENT_ID }
      - { source: DATA, spread: true }
      - { name: connection, source: CONNECTION_ID, omitWhenAbsent: true }
`;

const apply = (tenant: Tenant, yaml: string) =>
  it.admin.providers.applyProvider({ file: yamlFile(`name: ${tenant.provider}\n${yaml}`) });

const sync = async ({ workspaceId }: Tenant) => {
  const answer = await it.internal.sync.syncSubscriptions({ workspaces: [{ workspaceId }] });
  return { workspace: answer.workspaces[0], provider: answer.providers[0] };
};

const defaultEnvelope = {
  version: "v1",
  fields: [
    { name: "type", source: Source.EVENT_TYPE },
    { name: "timestamp", source: Source.TIME },
    { name: "data", source: Source.DATA },
  ],
};

test("gives delivery a provider's envelopes and policies", async () => {
  const tenant = await it.tenant(`${spreading}
secrets: { optional: true }
connections: { firstSyncEventTypes: [connection.*] }
eventTypes:
  - { name: b, filter: "event.data.x == 1" }
  - { name: a }
`);
  const { provider } = await sync(tenant);
  expect(provider).toMatchObject({
    envelopes: [
      {
        version: "v1",
        fields: [
          { name: "id", source: Source.EVENT_ID, spread: false },
          { name: "", source: Source.DATA, spread: true },
          { name: "connection", source: Source.CONNECTION_ID, omitWhenAbsent: true },
        ],
      },
    ],
    sendsUnsigned: true,
    eventTypeFilters: [{ eventType: "b", filter: "event.data.x == 1" }],
    firstSyncEventTypes: ["connection.*"],
  });
});

test("gives the default envelope, at revision 0, where a provider never had its own", async () => {
  const tenant = await it.tenant();
  const { provider } = await sync(tenant);
  expect(provider).toMatchObject({
    envelopeRevision: 0n,
    envelopes: [defaultEnvelope],
    sendsUnsigned: false,
    eventTypeFilters: [],
    firstSyncEventTypes: [],
  });
  const old = await it.internal.sync.getEnvelopes({ provider: tenant.provider, revision: 0n });
  expect(old.envelopes).toMatchObject([defaultEnvelope]);
});

test("keeps the envelopes that a provider had, each under its revision", async () => {
  const tenant = await it.tenant(spreading);
  const first = (await sync(tenant)).provider;
  await apply(tenant, `${spreading}\nuserAgent: x`);
  const second = (await sync(tenant)).provider;
  expect(second?.envelopeRevision).toBe(first?.envelopeRevision);
  await apply(tenant, "");
  const third = (await sync(tenant)).provider;
  expect(third?.envelopeRevision).toBeGreaterThan(first?.envelopeRevision ?? 0n);
  const at = async (revision = -1n) => {
    const { provider } = tenant;
    return (await it.internal.sync.getEnvelopes({ provider, revision })).envelopes;
  };
  expect(await at(first?.envelopeRevision)).toEqual(first?.envelopes);
  expect(await at(third?.envelopeRevision)).toMatchObject([defaultEnvelope]);
  expect(await refusalOf(at((third?.envelopeRevision ?? 0n) + 1n))).toMatchObject({
    reason: "not_found",
  });
});

test("keeps a webhook at the payload version that was the last when it was made", async () => {
  const tenant = await it.tenant("envelopes: [{ version: v1 }]");
  const { as } = tenant;
  const old = await as.webhooks.createWebhook({ workspace, webhook: { url } });
  await apply(tenant, "envelopes: [{ version: v1 }, { version: v2 }]");
  const young = await as.webhooks.createWebhook({ workspace, webhook: { url } });
  expect([old.version, young.version]).toEqual(["v1", "v2"]);
  const payloadVersions = async () =>
    (await sync(tenant)).workspace?.webhooks.map(({ payloadVersion }) => payloadVersion);
  expect(await payloadVersions()).toEqual(["v1", "v2"]);
  const changed = await as.webhooks.updateWebhook({
    workspace,
    webhook: { id: old.id, version: "" },
    updateMask: { paths: ["version"] },
  });
  expect(changed.version).toBe("v2");
  expect(await payloadVersions()).toEqual(["v2", "v2"]);
});

test("refuses a payload version that the provider does not have", async () => {
  const { as } = await it.tenant();
  const create = as.webhooks.createWebhook({ workspace, webhook: { url, version: "v2" } });
  expect(await refusalOf(create)).toEqual({ reason: "invalid", fields: ["webhook.version"] });
});

test("tells ingestion what events must be like", async () => {
  const tenant = await it.tenant(`${spreading}
connections: { required: true }
eventTypes: [{ name: a.updated, hasPrevious: true }, { name: b }]
`);
  const catalogOf = async ({ provider }: Tenant) =>
    (await it.internal.sync.syncCatalog({ provider })).catalog;
  const catalog = await catalogOf(tenant);
  expect(catalog).toMatchObject({
    needsConnection: true,
    spreadsData: true,
    reservedMembers: ["id", "connection"],
  });
  expect(catalog?.eventTypes.slice(0, 2)).toMatchObject([
    { name: "a.updated", hasPrevious: true },
    { name: "b", hasPrevious: false },
  ]);
  expect(await catalogOf(await it.tenant())).toMatchObject({
    needsConnection: false,
    spreadsData: false,
    reservedMembers: [],
  });
});

test("tells which other system's routes a provider's keys may use", async () => {
  const { operatorKey, provider } = await it.tenant("compat: up42");
  const found = await it.internal.sync.checkKey({ keySha256: hashKey(operatorKey) });
  expect(found).toMatchObject({ provider, compat: "up42" });
  const ours = await it.internal.sync.checkKey({ keySha256: hashKey(it.adminKey) });
  expect(ours.compat).toBe("");
});
