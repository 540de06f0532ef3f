import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Connection_SyncState } from "@posthorn/proto/posthorn/subscription/v1/connection";
import { idToUuid, newId } from "@posthorn/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../../test/harness.ts";

let it: Harness;
beforeAll(async () => {
  it = await harness();
});
afterAll(() => it.close());

const workspace = "acme";
const { FIRST_SYNC, SYNCING, SYNCED } = Connection_SyncState;

async function setup(yaml = "") {
  const tenant = await it.tenant(yaml);
  const { connections } = tenant.as;
  const connection = await connections.createConnection({
    workspace,
    connection: { integrationName: "shopify" },
  });
  const key = { workspace, connection: connection.id };
  const sync = async () => {
    const request = { workspaces: [{ workspaceId: tenant.workspaceId }] };
    const answer = await it.internal.sync.syncSubscriptions(request);
    return answer.workspaces[0];
  };
  const known = async () => {
    const keys = [{ workspaceId: tenant.workspaceId, connectionId: connection.id }];
    return (await it.internal.sync.getConnections({ keys })).connections;
  };
  return { ...tenant, connections, connection, key, sync, known };
}

describe("a connection", () => {
  test("begins with its first sync", async () => {
    const { connections, connection, key } = await setup();
    expect(connection.id).toMatch(/^conn_[0-9a-z]{26}$/);
    expect(connection).toMatchObject({ integrationName: "shopify", syncState: FIRST_SYNC });
    expect(connection.firstSyncCompleteTime).toBeUndefined();
    expect(await connections.getConnection(key)).toEqual(connection);
  });

  test("is in its first sync until that is complete, whatever starts meanwhile", async () => {
    const { connections, key } = await setup();
    expect(await connections.startSync(key)).toMatchObject({ syncState: FIRST_SYNC });
    const synced = await connections.completeSync(key);
    expect(synced.syncState).toBe(SYNCED);
    const end = synced.firstSyncCompleteTime;
    expect(Math.abs((end ? timestampDate(end).getTime() : 0) - Date.now())).toBeLessThan(60_000);
    expect(await connections.completeSync(key)).toEqual(synced);
    const later = { firstSyncCompleteTime: end };
    expect(await connections.startSync(key)).toMatchObject({ ...later, syncState: SYNCING });
    expect(await connections.startSync(key)).toMatchObject({ ...later, syncState: SYNCING });
    expect(await connections.completeSync(key)).toMatchObject({ ...later, syncState: SYNCED });
  });

  test("changes its names and metadata, and nothing else", async () => {
    const { connections, connection } = await setup();
    const { id } = connection;
    const renamed = await connections.updateConnection({
      workspace,
      connection: { id, displayName: "My shop", metadata: { a: "1" } },
    });
    expect(renamed).toMatchObject({ integrationName: "shopify", displayName: "My shop" });
    const cleared = await connections.updateConnection({
      workspace,
      connection: { id, integrationName: "amazon" },
      updateMask: { paths: ["integration_name", "metadata"] },
    });
    expect(cleared).toMatchObject({
      integrationName: "amazon",
      displayName: "My shop",
      metadata: {},
    });
  });

  test.each([
    ["an id", { id: newId("conn") }, ["connection.id"]],
    ["a state", { syncState: SYNCED }, ["connection.syncState"]],
    ["no integration", { integrationName: "" }, ["connection.integrationName"]],
    ["a long name", { displayName: "x".repeat(129) }, ["connection.displayName"]],
    ["a long note", { metadata: { a: "x".repeat(513) } }, ['connection.metadata["a"]']],
  ])("is refused with %s", async (_, change, fields) => {
    const { connections, connection } = await setup();
    const draft = { integrationName: "shopify", ...change };
    const call = connections.createConnection({ workspace, connection: draft });
    expect(await refusalOf(call)).toEqual({ reason: "invalid", fields });
    const { connections: listed } = await connections.listConnections({ workspace });
    expect(listed).toEqual([connection]);
  });

  test.each([
    ["state", { syncState: SYNCED }, ["sync_state"], ["connection.syncState"]],
    [
      "integration to none",
      { integrationName: "" },
      ["integration_name"],
      ["connection.integrationName"],
    ],
    ["what it does not have", {}, ["url"], ["updateMask"]],
  ])("does not change its %s", async (_, change, paths, fields) => {
    const { connections, connection } = await setup();
    const { id } = connection;
    const call = connections.updateConnection({
      workspace,
      connection: { id, ...change },
      updateMask: { paths },
    });
    expect(await refusalOf(call)).toEqual({ reason: "invalid", fields });
  });

  test("is gone once it is deleted, and publishing still hears what became of it", async () => {
    const { connections, connection, key, known, workspaceId } = await setup();
    await connections.deleteConnection(key);
    const calls = [
      connections.getConnection(key),
      connections.deleteConnection(key),
      connections.startSync(key),
      connections.completeSync(key),
      connections.updateConnection({ workspace, connection: { id: connection.id } }),
    ];
    const refusals = await Promise.all(calls.map(refusalOf));
    expect(refusals.map(({ reason }) => reason)).toEqual(Array(5).fill("not_found"));
    expect((await connections.listConnections({ workspace })).connections).toEqual([]);
    const gone = { workspaceId, connectionId: connection.id, integrationName: "shopify" };
    expect(await known()).toMatchObject([{ ...gone, deleted: true }]);
  });

  test("is not found from another workspace or provider", async () => {
    const { as, connection, known } = await setup();
    await as.workspaces.createWorkspace({ workspace: { alias: "other" } });
    const key = { workspace: "other", connection: connection.id };
    expect(await refusalOf(as.connections.deleteConnection(key))).toMatchObject({
      reason: "not_found",
    });
    const stranger = await it.tenant();
    const theirs = { workspace, connection: connection.id };
    const call = stranger.as.connections.getConnection(theirs);
    expect(await refusalOf(call)).toMatchObject({ reason: "not_found" });
    const keys = [
      { workspaceId: stranger.workspaceId, connectionId: connection.id },
      { workspaceId: "x", connectionId: connection.id },
      { workspaceId: stranger.workspaceId, connectionId: "x" },
    ];
    expect((await it.internal.sync.getConnections({ keys })).connections).toEqual([]);
    expect(await known()).toHaveLength(1);
  });

  test("creates the workspace that an operator names first, unless it is refused", async () => {
    const { connections } = (await it.tenant()).as;
    const create = (integrationName: string) =>
      connections.createConnection({ workspace: "new", connection: { integrationName } });
    expect(await refusalOf(create(""))).toMatchObject({ reason: "invalid" });
    const list = () => connections.listConnections({ workspace: "new" });
    expect(await refusalOf(list())).toMatchObject({ reason: "not_found" });
    const made = await create("shopify");
    expect((await list()).connections).toEqual([made]);
  });
});

test("lists connections newest first, page by page", async () => {
  const { connections, connection } = await setup();
  const second = await connections.createConnection({
    workspace,
    connection: { integrationName: "amazon" },
  });
  const page = await connections.listConnections({ workspace, pageSize: 1 });
  expect(page.connections).toEqual([second]);
  const next = await connections.listConnections({
    workspace,
    pageSize: 1,
    pageToken: page.nextPageToken,
  });
  expect(next).toMatchObject({ connections: [{ id: connection.id }], nextPageToken: "" });
});

test("takes no more than 1,000 connections of a workspace, also at once", async () => {
  const { connections, workspaceId, key } = await setup();
  await it.query(
    `insert into subscription.connection (workspace_id, id, integration_name, display_name,
       metadata, sync_state, first_sync_completed_at, created_at, updated_at)
     select $1, gen_random_uuid(), 'x', '', '{}', 'SYNCED', now(), now(), now()
     from generate_series(1, 998)`,
    [uuidOf(workspaceId)],
  );
  await it.warm();
  const create = () =>
    connections.createConnection({ workspace, connection: { integrationName: "y" } });
  const results = await Promise.allSettled(Array.from({ length: 5 }, create));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await refusalOf(create())).toMatchObject({ reason: "precondition" });
  await connections.deleteConnection(key);
  await create();
});

const uuidOf = (workspaceId: string) => idToUuid("ws", workspaceId);

test("publishing hears when a first sync ended", async () => {
  const { connections, key, known } = await setup();
  expect((await known())[0]?.firstSyncCompleteTime).toBeUndefined();
  const { firstSyncCompleteTime } = await connections.completeSync(key);
  expect(await known()).toMatchObject([{ firstSyncCompleteTime, deleted: false }]);
});

describe("fan-out hears", () => {
  test("of connections whose first sync runs, when it ended, and of deleted ones", async () => {
    const { connections, connection, key, sync } = await setup();
    const before = await sync();
    expect(before?.connections).toMatchObject([{ connectionId: connection.id }]);
    expect(before?.connections[0]?.firstSyncCompleteTime).toBeUndefined();
    const { firstSyncCompleteTime } = await connections.completeSync(key);
    const after = await sync();
    expect(after?.connections).toMatchObject([{ firstSyncCompleteTime }]);
    expect(after?.version).toBeGreaterThan(before?.version ?? 0n);
    await connections.deleteConnection(key);
    expect((await sync())?.connections).toEqual(after?.connections);
  });

  test("no more of what ended more than 30 days ago", async () => {
    const { connections, key, sync, workspaceId } = await setup();
    await connections.completeSync(key);
    await it.query(
      `update subscription.connection set first_sync_completed_at = now() - interval '31 days'
       where workspace_id = $1`,
      [uuidOf(workspaceId)],
    );
    expect((await sync())?.connections).toEqual([]);
  });
});
