import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Webhook_State } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/hook";
const { ACTIVE, PAUSED } = Webhook_State;

const create = ({ as }: Tenant, state: Webhook_State) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, state } });
const cancel = ({ as }: Tenant, id: string, state?: Webhook_State) =>
  as.webhooks.updateWebhook({
    workspace,
    webhook: { id, ...(state && { state }) },
    cancelHeld: true,
  });

/** What delivery is told of the tenant's one webhook. */
async function snapshotOf({ workspaceId }: Tenant) {
  const { workspaces } = await it.internal.sync.syncSubscriptions({
    workspaces: [{ workspaceId }],
  });
  const [webhook] = workspaces[0]?.webhooks ?? [];
  return { version: webhook?.version, cancelBefore: webhook?.cancelBefore };
}

/** The moment before which deliveries are canceled; fails without one. */
async function cancelMsOf(tenant: Tenant): Promise<number> {
  const { cancelBefore } = await snapshotOf(tenant);
  if (cancelBefore === undefined) throw new Error("nothing is canceled");
  return timestampDate(cancelBefore).getTime();
}

async function databaseMs(): Promise<number> {
  const rows = await it.query("select extract(epoch from clock_timestamp()) * 1000 as ms");
  return Number(rows[0]?.["ms"]);
}

test.each([
  { case: "resuming", from: PAUSED, to: ACTIVE, state: ACTIVE },
  { case: "pausing", from: ACTIVE, to: PAUSED, state: PAUSED },
  { case: "leaving it paused", from: PAUSED, to: undefined, state: PAUSED },
])("cancels what is open at the database's time while $case", async ({ from, to, state }) => {
  const tenant = await it.tenant();
  const { id, etag } = await create(tenant, from);
  const beforeMs = await databaseMs();
  const updated = await cancel(tenant, id, to);
  const afterMs = await databaseMs();
  expect(updated.state).toBe(state);
  expect(updated.etag).not.toBe(etag);
  const canceledMs = await cancelMsOf(tenant);
  expect(canceledMs).toBeGreaterThan(beforeMs);
  expect(canceledMs).toBeLessThanOrEqual(afterMs + 1);
});

test("cancels again at a later time, under a version of its own", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, PAUSED);
  await cancel(tenant, id);
  const first = { ...(await snapshotOf(tenant)), ms: await cancelMsOf(tenant) };
  await cancel(tenant, id);
  expect((await snapshotOf(tenant)).version).toBeGreaterThan(first.version ?? 0n);
  expect(await cancelMsOf(tenant)).toBeGreaterThanOrEqual(first.ms);
});

test("keeps the moment through later changes", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, PAUSED);
  await cancel(tenant, id);
  const { cancelBefore } = await snapshotOf(tenant);
  await tenant.as.webhooks.updateWebhook({ workspace, webhook: { id, state: ACTIVE } });
  expect((await snapshotOf(tenant)).cancelBefore).toEqual(cancelBefore);
});

test("refuses to cancel while the webhook is active and stays so, and changes nothing", async () => {
  const tenant = await it.tenant();
  const created = await create(tenant, ACTIVE);
  const call = tenant.as.webhooks.updateWebhook({
    workspace,
    webhook: { id: created.id, name: "x" },
    cancelHeld: true,
  });
  expect(await refusalOf(call)).toEqual({ reason: "precondition", fields: [] });
  expect(await refusalOf(cancel(tenant, created.id, ACTIVE))).toMatchObject({
    reason: "precondition",
  });
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: created.id });
  expect(read).toEqual({ ...created, secret: "" });
});

test("cancels only under the present etag when one is given", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, PAUSED);
  const call = tenant.as.webhooks.updateWebhook({
    workspace,
    webhook: { id, etag: "1" },
    cancelHeld: true,
  });
  expect(await refusalOf(call)).toMatchObject({ reason: "conflict" });
  expect((await snapshotOf(tenant)).cancelBefore).toBeUndefined();
});

test("cancels what a disabled webhook holds, and resumes it", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant, ACTIVE);
  const { version = 0n } = await snapshotOf(tenant);
  await it.internal.sync.disableWebhook({
    workspaceId: tenant.workspaceId,
    webhookId: id,
    webhookVersion: version,
    reason: 2,
  });
  expect(await cancel(tenant, id)).toMatchObject({ state: Webhook_State.DISABLED });
  expect(await cancel(tenant, id, ACTIVE)).toMatchObject({ state: ACTIVE, disabledReason: 0 });
});
