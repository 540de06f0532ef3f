import { masterKey, open, unwrapDataKey } from "@posthorn/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

/** All rows of all tables as text, bytes in hex. */
async function dump(): Promise<string> {
  const tables = await it.query(
    "select table_name from information_schema.tables where table_schema = 'subscription'",
  );
  const rows = await Promise.all(
    tables.map(({ table_name: name }) => it.query(`select t::text from subscription."${name}" t`)),
  );
  return rows
    .flat()
    .map(({ t }) => String(t))
    .join("\n");
}

test("keeps signing secrets and header values in no table in clear", async () => {
  const { as } = await it.tenant();
  const workspace = "acme";
  const headers = { Authorization: "Bearer canary-one", "X-Key": "canary-two" };
  const webhook = { url: "https://example.com/", headers };
  const created = await as.webhooks.createWebhook({ workspace, webhook });
  const rotated = await as.webhooks.rotateWebhookSecret({ workspace, webhook: created.id });
  await as.webhooks.updateWebhook({
    workspace,
    webhook: { id: created.id, headers: { "X-Key": "canary-three" } },
  });
  const stored = await dump();
  expect(stored).toContain("example.com");
  const secrets = [created.secret, rotated.secret].map((secret) => secret.replace("whsec_", ""));
  for (const text of [...secrets, "canary-one", "canary-two", "canary-three"]) {
    expect(stored).not.toContain(text);
    expect(stored).not.toContain(Buffer.from(text).toString("hex"));
    expect(stored).not.toContain(Buffer.from(text, "base64").toString("hex"));
    expect(stored).not.toContain(Buffer.from(text).toString("base64"));
  }
});

test("hands delivery what opens to the headers, for that webhook only", async () => {
  const { as, workspaceId } = await it.tenant();
  const headers = { Authorization: "Bearer abc", "X-Key": "k" };
  const webhook = { url: "https://example.com/", headers };
  const { id } = await as.webhooks.createWebhook({ workspace: "acme", webhook });
  await as.webhooks.updateWebhook({
    workspace: "acme",
    webhook: { id, headers: { "X-Key": "***", "X-New": "n" } },
  });
  const synced = await it.internal.sync.syncSubscriptions({ workspaces: [{ workspaceId }] });
  const wrapped = synced.providers[0]?.wrappedDataKey ?? new Uint8Array();
  const dataKey = unwrapDataKey(masterKey(it.masterKey), wrapped);
  const sealed = synced.workspaces[0]?.webhooks[0]?.sealedHeaders ?? new Uint8Array();
  const opened = new TextDecoder().decode(open(dataKey, sealed, `headers:${id}`));
  expect(JSON.parse(opened)).toEqual({ "X-Key": "k", "X-New": "n" });
  expect(() => open(dataKey, sealed, "headers:wh_other")).toThrow();
});
