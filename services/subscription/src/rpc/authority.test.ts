import { newApiKey } from "@posthorn/rpc";
import { newMasterKey } from "@posthorn/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compose, type Harness, harness, refusalOf } from "../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

test("tells whom keys belong to", async () => {
  const { as, provider, operatorKey, workspaceId } = await it.tenant();
  const { checkKey } = it.service.authority;
  expect(await checkKey(operatorKey)).toEqual({
    keyId: expect.stringMatching(/^key_/),
    level: "operator",
    provider,
    scopes: [],
    compat: "",
  });
  const made = await as.keys.createApiKey({ workspace: "acme", scopes: ["secrets"] });
  expect(await checkKey(made.key)).toEqual({
    keyId: made.id,
    level: "workspace",
    provider,
    workspaceId,
    scopes: ["secrets"],
    compat: "",
  });
  expect(await checkKey(newApiKey("ph_"))).toBeUndefined();
});

test("says unavailable while the database is away, and not for a malformed key", async () => {
  const nowhere = "postgres://nobody@127.0.0.1:1/none";
  const { authority, close } = compose(nowhere, newMasterKey());
  expect(await authority.checkKey("nonsense")).toBeUndefined();
  expect(await refusalOf(authority.checkKey(newApiKey("ph_")))).toMatchObject({
    reason: "unavailable",
  });
  const query = { provider: "first", workspace: "acme", create: false };
  expect(await refusalOf(authority.resolveWorkspace(query))).toMatchObject({
    reason: "unavailable",
  });
  await close();
});
