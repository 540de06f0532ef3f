import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

test("creates a workspace that goes by id and by alias", async () => {
  const { as } = await it.tenant();
  const workspace = { alias: "north", displayName: "North" };
  const created = await as.workspaces.createWorkspace({ workspace });
  expect(created).toMatchObject(workspace);
  expect(created.id).toMatch(/^ws_[0-9a-z]{26}$/);
  expect(await as.workspaces.getWorkspace({ workspace: created.id })).toEqual(created);
  expect(await as.workspaces.getWorkspace({ workspace: "north" })).toEqual(created);
});

test("takes many workspaces without an alias", async () => {
  const { as } = await it.tenant();
  const made = await Promise.all(
    [1, 2].map(() => as.workspaces.createWorkspace({ workspace: {} })),
  );
  expect(made.map(({ alias }) => alias)).toEqual(["", ""]);
});

test("refuses an alias that is taken in the provider, not one of another provider's", async () => {
  const { as } = await it.tenant();
  const create = () => as.workspaces.createWorkspace({ workspace: { alias: "acme" } });
  expect(await refusalOf(create())).toEqual({ reason: "exists", fields: [] });
  const { workspaceId } = await it.tenant();
  expect(workspaceId).not.toBe("");
});

test.each([
  { workspace: undefined, field: "workspace" },
  { workspace: { alias: "ws_acme" }, field: "workspace.alias" },
  { workspace: { alias: "a b" }, field: "workspace.alias" },
  { workspace: { displayName: "x".repeat(129) }, field: "workspace.displayName" },
  { workspace: { displayName: "\u0000" }, field: "workspace.displayName" },
  { workspace: { id: "ws_1" }, field: "workspace.id" },
  { workspace: { createTime: { seconds: 1n } }, field: "workspace.createTime" },
])("refuses to create one: $field", async ({ workspace, field }) => {
  const { as } = await it.tenant();
  const request = workspace === undefined ? {} : { workspace };
  expect(await refusalOf(as.workspaces.createWorkspace(request))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("lists workspaces newest first, page by page", async () => {
  const { as } = await it.tenant();
  for (const alias of ["b", "c", "d"])
    await as.workspaces.createWorkspace({ workspace: { alias } });
  const all = await as.workspaces.listWorkspaces({});
  const ids = all.workspaces.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort().reverse());
  const first = await as.workspaces.listWorkspaces({ pageSize: 3 });
  const second = await as.workspaces.listWorkspaces({ pageToken: first.nextPageToken });
  expect([...first.workspaces, ...second.workspaces]).toEqual(all.workspaces);
  expect(second.nextPageToken).toBe("");
});

test.each([
  { request: { pageSize: 251 }, field: "pageSize" },
  { request: { pageSize: -1 }, field: "pageSize" },
  { request: { pageToken: "x" }, field: "pageToken" },
])("refuses to list by $request", async ({ request, field }) => {
  const { as } = await it.tenant();
  expect(await refusalOf(as.workspaces.listWorkspaces(request))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("refuses another tenant's page token", async () => {
  const { as } = await it.tenant();
  const other = await it.tenant();
  await other.as.workspaces.createWorkspace({ workspace: {} });
  const { nextPageToken } = await other.as.workspaces.listWorkspaces({ pageSize: 1 });
  const listing = as.workspaces.listWorkspaces({ pageToken: nextPageToken });
  expect(await refusalOf(listing)).toEqual({ reason: "invalid", fields: ["pageToken"] });
});

test("changes the display name and nothing else", async () => {
  const { as, workspaceId } = await it.tenant();
  const value = { displayName: "New" };
  const updated = await as.workspaces.updateWorkspace({ workspace: "acme", value });
  expect(updated).toMatchObject({ id: workspaceId, alias: "acme", displayName: "New" });
  const cleared = await as.workspaces.updateWorkspace({
    workspace: "acme",
    value: {},
    updateMask: { paths: ["display_name"] },
  });
  expect(cleared.displayName).toBe("");
  const same = await as.workspaces.updateWorkspace({ workspace: "acme", value: {} });
  expect(same).toEqual(cleared);
});

test.each([
  { value: { alias: "b" }, paths: [], field: "value.alias" },
  { value: { id: "ws_1" }, paths: [], field: "value.id" },
  { value: {}, paths: ["update_time"], field: "value.updateTime" },
  { value: {}, paths: ["colour"], field: "updateMask" },
])("refuses to change $field", async ({ value, paths, field }) => {
  const { as } = await it.tenant();
  const update = { workspace: "acme", value, updateMask: { paths } };
  expect(await refusalOf(as.workspaces.updateWorkspace(update))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("deletes a workspace with its webhooks and keys, and frees its alias", async () => {
  const { as, workspaceId } = await it.tenant();
  const webhook = { url: "https://example.com/" };
  await as.webhooks.createWebhook({ workspace: "acme", webhook });
  const { key } = await as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks"] });
  await as.workspaces.deleteWorkspace({ workspace: "acme" });
  const listing = it.with(key).webhooks.listWebhooks({ workspace: "acme" });
  expect(await refusalOf(listing)).toMatchObject({ reason: "unauthenticated" });
  expect(await refusalOf(as.workspaces.getWorkspace({ workspace: workspaceId }))).toMatchObject({
    reason: "not_found",
  });
  const again = await as.workspaces.createWorkspace({ workspace: { alias: "acme" } });
  expect(again.id).not.toBe(workspaceId);
  expect((await as.webhooks.listWebhooks({ workspace: "acme" })).webhooks).toEqual([]);
});

test("lets a workspace key read its own workspace and change none", async () => {
  const { as, workspaceId } = await it.tenant();
  await as.workspaces.createWorkspace({ workspace: { alias: "other" } });
  const { key } = await as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks:read"] });
  const { workspaces } = it.with(key);
  expect(await workspaces.getWorkspace({ workspace: "acme" })).toMatchObject({ id: workspaceId });
  const refusals = await Promise.all(
    [
      workspaces.getWorkspace({ workspace: "other" }),
      workspaces.listWorkspaces({}),
      workspaces.createWorkspace({ workspace: {} }),
      workspaces.updateWorkspace({ workspace: "acme", value: {} }),
      workspaces.deleteWorkspace({ workspace: "acme" }),
    ].map(refusalOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual([
    "not_found",
    "forbidden",
    "forbidden",
    "forbidden",
    "forbidden",
  ]);
});
