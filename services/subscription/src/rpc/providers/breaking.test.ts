import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant, yamlFile } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/";

interface Options {
  readonly allowBreaking?: boolean;
  readonly validateOnly?: boolean;
}

const apply = (provider: string, yaml: string, options: Options = {}) =>
  it.admin.providers.applyProvider({ file: yamlFile(`name: ${provider}\n${yaml}`), ...options });

const createWebhook = ({ as }: Tenant, webhook: { eventTypes?: string[] } = {}) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, ...webhook } });

test("tells what was and what is of each change", async () => {
  const name = `p-${newUuid().slice(-12)}`;
  const first = await apply(
    name,
    'displayName: Acme\neventTypes: [{ name: a, schema: { type: object }, filter: "true" }]',
  );
  expect(first.diff).toMatchObject([
    { field: "name", before: "", after: `"${name}"` },
    { field: "displayName", before: "", after: '"Acme"' },
    { field: "eventTypes.a.name", before: "", after: '"a"' },
    { field: "eventTypes.a.filter", before: "", after: '"true"' },
    { field: "eventTypes.a.schema", before: "", after: '{"type":"object"}' },
  ]);
  const second = await apply(
    name,
    "retryPolicy: { delays: [5s] }\neventTypes: [{ name: a, example: { x: 1 }, hasPrevious: true }]",
    { validateOnly: true },
  );
  expect(second.diff).toMatchObject([
    { field: "displayName", before: '"Acme"', after: "" },
    { field: "retryPolicy", before: "", after: '{"delays":["5s"]}' },
    { field: "eventTypes.a.filter", before: '"true"', after: "" },
    { field: "eventTypes.a.schema", before: '{"type":"object"}', after: "" },
    { field: "eventTypes.a.example", before: "", after: '{"x":1}' },
    { field: "eventTypes.a.hasPrevious", before: "", after: "true" },
  ]);
});

test.each([
  {
    case: "another signature",
    before: "",
    after: "signatures: [{ scheme: SVIX }]",
    field: "signatures",
  },
  {
    case: "another body of its payload version",
    before: "",
    after: "envelopes: [{ version: v1, fields: [{ name: data, source: DATA }] }]",
    field: "envelopes",
  },
  {
    case: "a payload version that is taken away",
    before: "envelopes: [{ version: v1 }, { version: v2 }]",
    after: "envelopes: [{ version: v1 }]",
    field: "envelopes",
  },
  {
    case: "a secret that may be missing no more",
    before: "secrets: { optional: true }",
    after: "",
    field: "secrets.optional",
  },
  {
    case: "one type instead of all",
    before: "",
    after: "eventTypeSelection: EXACTLY_ONE",
    field: "eventTypeSelection",
  },
  {
    case: "fewer webhooks than there are",
    before: "",
    after: "webhooksPerWorkspaceMax: 1",
    field: "webhooksPerWorkspaceMax",
  },
])("refuses $case while webhooks use it, unless told", async ({ before, after, field }) => {
  const tenant = await it.tenant(before);
  const { provider } = tenant;
  await createWebhook(tenant);
  await createWebhook(tenant);
  const stored = await tenant.as.providers.getOwnProvider({});
  const preview = await apply(provider, after, { validateOnly: true });
  expect(preview.breaking).toEqual([expect.stringContaining(`${field}: `)]);
  expect(await refusalOf(apply(provider, after))).toEqual({
    reason: "precondition",
    fields: [field],
  });
  expect(await tenant.as.providers.getOwnProvider({})).toEqual(stored);
  const forced = await apply(provider, after, { allowBreaking: true });
  expect(forced.breaking).toEqual(preview.breaking);
  expect(forced.provider?.revision).toBeGreaterThan(stored.revision);
});

test("applies the same to a provider without webhooks", async () => {
  const { provider } = await it.tenant("envelopes: [{ version: v1 }, { version: v2 }]");
  const applied = await apply(provider, "signatures: [{ scheme: SVIX }]");
  expect(applied.breaking).toEqual([]);
});

test("counts only webhooks of its own provider, and exact types as one", async () => {
  const other = await it.tenant();
  await createWebhook(other);
  const tenant = await it.tenant("eventTypes: [{ name: a }]");
  await createWebhook(tenant, { eventTypes: ["a"] });
  const one = "eventTypes: [{ name: a }]\neventTypeSelection: EXACTLY_ONE";
  expect((await apply(tenant.provider, one)).breaking).toEqual([]);
  expect(await refusalOf(createWebhook(tenant))).toMatchObject({ reason: "invalid" });
});

test("shows the last version on a webhook whose own was taken away", async () => {
  const tenant = await it.tenant("envelopes: [{ version: v1 }]");
  const { id } = await createWebhook(tenant);
  await apply(tenant.provider, "envelopes: [{ version: v8 }, { version: v9 }]", {
    allowBreaking: true,
  });
  const { version } = await tenant.as.webhooks.getWebhook({ workspace, webhook: id });
  expect(version).toBe("v9");
});
