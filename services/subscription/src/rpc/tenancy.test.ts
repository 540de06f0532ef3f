import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clients, type Harness, harness, refusalOf } from "../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

interface Theirs {
  readonly workspace: string;
  readonly webhook: string;
  readonly apiKey: string;
}

const update = { name: "x" };
const url = "https://example.com/";

/** Every route that names an object of a tenant. */
const routes: Record<string, (as: Clients, theirs: Theirs) => Promise<unknown>> = {
  getWorkspace: (as, { workspace }) => as.workspaces.getWorkspace({ workspace }),
  updateWorkspace: (as, { workspace }) =>
    as.workspaces.updateWorkspace({ workspace, value: { displayName: "x" } }),
  deleteWorkspace: (as, { workspace }) => as.workspaces.deleteWorkspace({ workspace }),
  createWebhook: (as, { workspace }) => as.webhooks.createWebhook({ workspace, webhook: { url } }),
  getWebhook: (as, { workspace, webhook }) => as.webhooks.getWebhook({ workspace, webhook }),
  listWebhooks: (as, { workspace }) => as.webhooks.listWebhooks({ workspace }),
  updateWebhook: (as, { workspace, webhook }) =>
    as.webhooks.updateWebhook({ workspace, webhook: { id: webhook, ...update } }),
  deleteWebhook: (as, { workspace, webhook }) => as.webhooks.deleteWebhook({ workspace, webhook }),
  rotateWebhookSecret: (as, { workspace, webhook }) =>
    as.webhooks.rotateWebhookSecret({ workspace, webhook }),
  createApiKey: (as, { workspace }) => as.keys.createApiKey({ workspace, scopes: ["webhooks"] }),
  deleteApiKey: (as, { apiKey }) => as.keys.deleteApiKey({ apiKey }),
  getEventType: (as) => as.eventTypes.getEventType({ name: "theirs" }),
  updateEventType: (as) => as.eventTypes.updateEventType({ eventType: { name: "theirs" } }),
  deleteEventType: (as) => as.eventTypes.deleteEventType({ name: "theirs" }),
};

/** Routes that a workspace key may call at all. */
const workspaceRoutes = [
  "getWorkspace",
  "createWebhook",
  "getWebhook",
  "listWebhooks",
  "updateWebhook",
  "deleteWebhook",
  "rotateWebhookSecret",
];

/** Routes that name an object below a workspace. */
const objectRoutes = ["getWebhook", "updateWebhook", "deleteWebhook", "rotateWebhookSecret"];

async function setup() {
  const mine = await it.tenant();
  const { as, workspaceId } = await it.tenant("eventTypes: [{ name: theirs }]");
  const { id: webhook } = await as.webhooks.createWebhook({
    workspace: workspaceId,
    webhook: { url },
  });
  const { id: apiKey } = await as.keys.createApiKey({});
  const state = async () => ({
    webhook: await as.webhooks.getWebhook({ workspace: workspaceId, webhook }),
    workspace: await as.workspaces.getWorkspace({ workspace: workspaceId }),
    eventTypes: await as.eventTypes.listEventTypes({}),
    keys: await as.keys.listApiKeys({}),
  });
  return { mine, theirs: { workspace: workspaceId, webhook, apiKey }, state };
}

describe("another provider's operator key", () => {
  test.each(Object.entries(routes))("finds nothing by %s", async (_, call) => {
    const { mine, theirs, state } = await setup();
    const before = await state();
    expect(await refusalOf(call(mine.as, theirs))).toEqual({ reason: "not_found", fields: [] });
    expect(await state()).toEqual(before);
  });
});

describe("another workspace's key", () => {
  test.each(workspaceRoutes)("finds nothing by %s", async (route) => {
    const { mine, theirs, state } = await setup();
    const before = await state();
    const { key } = await mine.as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks"] });
    const call = routes[route];
    expect(call && (await refusalOf(call(it.with(key), theirs)))).toMatchObject({
      reason: "not_found",
    });
    expect(await state()).toEqual(before);
  });
});

describe("an object named under one's own workspace", () => {
  test.each(objectRoutes)("is not found by %s when it is another's", async (route) => {
    const { mine, theirs, state } = await setup();
    const before = await state();
    const call = routes[route];
    const mixed = { ...theirs, workspace: mine.workspaceId };
    expect(call && (await refusalOf(call(mine.as, mixed)))).toMatchObject({ reason: "not_found" });
    expect(await state()).toEqual(before);
  });
});

test("two providers' workspaces of one alias never meet", async () => {
  const a = await it.tenant();
  const b = await it.tenant();
  const workspace = "acme";
  await a.as.webhooks.createWebhook({ workspace, webhook: { url } });
  expect((await b.as.webhooks.listWebhooks({ workspace })).webhooks).toEqual([]);
  expect((await b.as.workspaces.getWorkspace({ workspace })).id).toBe(b.workspaceId);
});

test("lists hold one's own only", async () => {
  const { mine, theirs } = await setup();
  const { workspaces } = await mine.as.workspaces.listWorkspaces({});
  expect(workspaces.map(({ id }) => id)).toEqual([mine.workspaceId]);
  const { apiKeys } = await mine.as.keys.listApiKeys({});
  expect(apiKeys.map(({ id }) => id)).not.toContain(theirs.apiKey);
  expect((await mine.as.eventTypes.listEventTypes({})).eventTypes).toEqual([]);
});
