import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { appClient } from "@posthorn/rpc";
import { idToUuid } from "@posthorn/runtime";
import { masterKey } from "@posthorn/sealing";
import { describe, expect, it } from "vitest";
import { fakeSubscription } from "../testing/fake-subscription.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What is known of a workspace, on a clock that stands still, asked by requests that are counted. */
function setup() {
  const subscription = fakeSubscription();
  const workspaceId = subscription.addWorkspace();
  const uuid = idToUuid("ws", workspaceId) ?? "";
  const client = appClient(SubscriptionSyncService, subscription.transport);
  const at = { ms: 0, askedCount: 0 };
  const subscriptions = new Subscriptions({
    client: {
      ...client,
      syncSubscriptions(...asked) {
        at.askedCount += 1;
        return client.syncSubscriptions(...asked);
      },
    },
    masterKey: masterKey(subscription.masterKey),
    nowMs: () => at.ms,
  });
  return {
    state: subscription.state,
    subscriptions,
    uuid,
    at,
    learn: (ms: number) => subscriptions.learn(new Map([[uuid, ms]])),
  };
}

describe("what is known of a workspace", () => {
  it("is not asked for again when it was asked for since", async () => {
    const { learn, at } = setup();
    at.ms = 5;
    await learn(3);
    await learn(5);
    expect(at.askedCount).toBe(1);
  });

  it("is asked for again when it was asked for before", async () => {
    const { learn, at } = setup();
    await learn(0);
    at.ms = 7;
    await learn(6);
    expect(at.askedCount).toBe(2);
  });

  it("is waited for when a request that was sent since is under way", async () => {
    const { learn, at, subscriptions, uuid } = setup();
    at.ms = 5;
    const asked = subscriptions.sync([uuid]);
    await Promise.resolve();
    await Promise.resolve();
    expect(at.askedCount).toBe(1);
    await learn(4);
    await asked;
    expect(at.askedCount).toBe(1);
  });

  it("is asked for again when the request that was sent since failed", async () => {
    const { learn, at, subscriptions, uuid, state } = setup();
    at.ms = 5;
    state.isDown = true;
    await expect(subscriptions.sync([uuid])).rejects.toMatchObject({ reason: "unavailable" });
    await expect(learn(4)).rejects.toMatchObject({ reason: "unavailable" });
    state.isDown = false;
    await learn(4);
    expect(at.askedCount).toBe(3);
  });

  it("is asked for always when the time is not known", async () => {
    const { learn, at } = setup();
    await learn(Number.POSITIVE_INFINITY);
    await learn(Number.POSITIVE_INFINITY);
    expect(at.askedCount).toBe(2);
  });
});
