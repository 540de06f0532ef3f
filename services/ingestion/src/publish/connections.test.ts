import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { appClient } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { expect, test } from "vitest";
import { FakeSubscription } from "../../test/fake-subscription.ts";
import { silent } from "../../test/setup.ts";
import { connections } from "./connections.ts";

const workspaceId = newId("ws");
const unavailable = expect.objectContaining({ reason: "unavailable" });

function setup() {
  const subscription = new FakeSubscription();
  const clock = { nowMs: 0 };
  const client = appClient(SubscriptionSyncService, subscription.transport());
  const known = connections({ subscription: client, log: silent, monotonicMs: () => clock.nowMs });
  const connectionId = subscription.addConnection(workspaceId, "shopify");
  return { subscription, clock, known, key: { workspaceId, connectionId } };
}

test("finds a connection, and none of another workspace", async () => {
  const { known, key } = setup();
  expect(await known.find(key)).toEqual({ integrationName: "shopify", isDeleted: false });
  expect(await known.find({ ...key, workspaceId: newId("ws") })).toBeUndefined();
  expect(await known.find({ workspaceId, connectionId: "nothing" })).toBeUndefined();
});

test("sees what was made or deleted before it was asked", async () => {
  const { subscription, known, key } = setup();
  await known.find(key);
  subscription.deleteConnection(key.connectionId);
  expect((await known.find(key))?.isDeleted).toBe(true);
  const made = subscription.addConnection(workspaceId, "amazon");
  expect((await known.find({ workspaceId, connectionId: made }))?.integrationName).toBe("amazon");
});

test("asks one question for all that came while the one before was under way", async () => {
  const { subscription, known, key } = setup();
  const first = known.find(key);
  await Promise.resolve();
  const others = Array.from({ length: 100 }, () => known.find(key));
  await Promise.all([first, ...others]);
  expect(subscription.calls).toEqual(["getConnections", "getConnections"]);
});

test("goes on with what is known while subscription is down, and knows nothing else", async () => {
  const { subscription, clock, known, key } = setup();
  const other = { workspaceId, connectionId: subscription.addConnection(workspaceId) };
  await known.find(key);
  subscription.isDown = true;
  expect((await known.find(key))?.integrationName).toBe("shopify");
  await expect(known.find(other)).rejects.toEqual(unavailable);
  const { length } = subscription.calls;
  await known.find(key);
  expect(subscription.calls).toHaveLength(length);
  subscription.isDown = false;
  subscription.deleteConnection(key.connectionId);
  clock.nowMs = 501;
  expect((await known.find(key))?.isDeleted).toBe(true);
  expect(await known.find(other)).toBeDefined();
});
