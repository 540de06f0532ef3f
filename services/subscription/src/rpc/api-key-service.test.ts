import { isWellFormedKey } from "@posthorn/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const inSeconds = (seconds: number) => ({
  seconds: BigInt(Math.floor(Date.now() / 1_000) + seconds),
});

test("makes an operator key that opens what the first one does", async () => {
  const { as, provider } = await it.tenant("keyPrefix: acme_");
  const made = await as.keys.createApiKey({});
  expect(made).toMatchObject({ provider, workspace: "", scopes: [] });
  expect(made.id).toMatch(/^key_[0-9a-z]{26}$/);
  expect(made.key).toMatch(/^acme_/);
  expect(isWellFormedKey(made.key)).toBe(true);
  expect(made.hint).toBe(made.key.slice(0, 9));
  expect(await it.with(made.key).providers.getOwnProvider({})).toMatchObject({ name: provider });
});

test("makes a workspace key that opens its workspace, and creates that if need be", async () => {
  const { as } = await it.tenant();
  const made = await as.keys.createApiKey({
    workspace: "fresh",
    scopes: ["webhooks:read", "secrets"],
  });
  expect(made.scopes).toEqual(["webhooks:read", "secrets"]);
  const { id } = await as.workspaces.getWorkspace({ workspace: "fresh" });
  expect(made.workspace).toBe(id);
  const { webhooks } = it.with(made.key);
  expect((await webhooks.listWebhooks({ workspace: "fresh" })).webhooks).toEqual([]);
  expect(await refusalOf(webhooks.listWebhooks({ workspace: "acme" }))).toMatchObject({
    reason: "not_found",
  });
});

test("tells a caller what its own key is for, and never the key", async () => {
  const { as, provider } = await it.tenant();
  expect(await as.keys.getOwnApiKey({})).toMatchObject({ provider, workspace: "", key: "" });
  const made = await as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks:read"] });
  const own = await it.with(made.key).keys.getOwnApiKey({});
  expect(own).toMatchObject({ ...made, key: "" });
});

test.each([
  { request: { workspace: "acme" }, field: "scopes" },
  { request: { scopes: ["webhooks"] }, field: "scopes" },
  { request: { workspace: "acme", scopes: ["everything"] }, field: "scopes[0]" },
  { request: { workspace: "acme", scopes: ["secrets", "secrets"] }, field: "scopes" },
  { request: { workspace: "a b", scopes: ["secrets"] }, field: "workspace" },
  { request: { expireTime: inSeconds(-1) }, field: "expireTime" },
  { request: { expireTime: { seconds: -62_135_596_800n } }, field: "expireTime" },
])("refuses to make a key: $field", async ({ request, field }) => {
  const { as } = await it.tenant();
  expect(await refusalOf(as.keys.createApiKey(request))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("tells when a key ends, and refuses it from then on", async () => {
  const { as } = await it.tenant();
  const expireTime = inSeconds(3_600);
  const { key, id, ...rest } = await as.keys.createApiKey({ expireTime });
  expect(rest.expireTime).toMatchObject(expireTime);
  expect(await it.with(key).providers.getOwnProvider({})).toBeDefined();
  const sql = "update subscription.api_key set expire_at = now() where hint = $1 returning id";
  expect(await it.query(sql, [rest.hint])).toHaveLength(1);
  expect(await refusalOf(it.with(key).providers.getOwnProvider({}))).toMatchObject({
    reason: "unauthenticated",
  });
});

test("lists keys newest first, page by page, and never their texts", async () => {
  const { as, operatorKey } = await it.tenant();
  const made = [];
  for (const _ of [1, 2, 3]) made.push(await as.keys.createApiKey({}));
  const all = await as.keys.listApiKeys({});
  const ids = all.apiKeys.map(({ id }) => id);
  expect(ids).toHaveLength(4);
  expect(ids).toEqual([...ids].sort().reverse());
  expect(all.apiKeys.map(({ key }) => key)).toEqual(["", "", "", ""]);
  const shown = JSON.stringify(all, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  for (const key of [operatorKey, ...made.map((it) => it.key)]) expect(shown).not.toContain(key);
  const first = await as.keys.listApiKeys({ pageSize: 3 });
  const second = await as.keys.listApiKeys({ pageToken: first.nextPageToken });
  expect([...first.apiKeys, ...second.apiKeys]).toEqual(all.apiKeys);
});

test("refuses a revoked key at once", async () => {
  const { as } = await it.tenant();
  const { key, id } = await as.keys.createApiKey({});
  await it.with(key).providers.getOwnProvider({});
  await as.keys.deleteApiKey({ apiKey: id });
  expect(await refusalOf(it.with(key).providers.getOwnProvider({}))).toMatchObject({
    reason: "unauthenticated",
  });
  expect(await refusalOf(as.keys.deleteApiKey({ apiKey: id }))).toMatchObject({
    reason: "not_found",
  });
  expect(await refusalOf(as.keys.deleteApiKey({ apiKey: "key_1" }))).toMatchObject({
    reason: "not_found",
  });
});

test("lets only operator keys make, list and revoke keys", async () => {
  const { as } = await it.tenant();
  const scopes = ["webhooks", "events:publish", "deliveries", "secrets"];
  const { key, id } = await as.keys.createApiKey({ workspace: "acme", scopes });
  const refusals = await Promise.all(
    [it.with(key), it.admin].flatMap(({ keys }) =>
      [
        keys.createApiKey({}),
        keys.createApiKey({ workspace: "acme", scopes }),
        keys.listApiKeys({}),
        keys.deleteApiKey({ apiKey: id }),
      ].map(refusalOf),
    ),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(Array(8).fill("forbidden"));
});

test("stores a hash of each key and never its text", async () => {
  const { as, operatorKey } = await it.tenant();
  const { key } = await as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks"] });
  const rows = await it.query("select api_key::text as row from subscription.api_key");
  const stored = rows.map(({ row }) => String(row)).join("\n");
  for (const text of [key, operatorKey, it.adminKey]) {
    expect(stored).toContain(text.slice(0, 7));
    expect(stored).not.toContain(text);
    expect(stored).not.toContain(Buffer.from(text).toString("hex"));
  }
});

test.each([{ key: "" }, { key: "nonsense" }, { key: `ph_${"A".repeat(28)}` }])(
  "refuses the key $key",
  async ({ key }) => {
    const call = it.with(key).providers.getOwnProvider({});
    expect(await refusalOf(call)).toMatchObject({ reason: "unauthenticated" });
  },
);
