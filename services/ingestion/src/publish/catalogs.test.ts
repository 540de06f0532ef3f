import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { appClient } from "@posthorn/rpc";
import { eventually } from "@posthorn/testkit";
import { expect, test } from "vitest";
import { FakeSubscription } from "../../test/fake-subscription.ts";
import { silent } from "../../test/setup.ts";
import { catalogs } from "./catalogs.ts";

function setup() {
  const subscription = new FakeSubscription();
  subscription.addProvider("demo", ["known"]);
  const clock = { nowMs: 0 };
  const client = appClient(SubscriptionSyncService, subscription.transport());
  const known = catalogs({ subscription: client, log: silent, monotonicMs: () => clock.nowMs });
  const namesOf = (catalog: { types: ReadonlyMap<string, unknown> } | undefined) =>
    catalog && [...catalog.types.keys()];
  return { subscription, clock, known, namesOf };
}

const unavailable = expect.objectContaining({ reason: "unavailable" });

test("is good for one second after it was asked for", async () => {
  const { subscription, clock, known, namesOf } = setup();
  expect(known.fresh("demo")).toBeUndefined();
  await known.current("demo");
  subscription.setType("demo", "new");
  clock.nowMs = 500;
  expect(namesOf(known.fresh("demo"))).toEqual(["known"]);
  clock.nowMs = 1_001;
  expect(namesOf(await known.current("demo"))).toEqual(["known", "new"]);
});

test("is asked for again before its second is over, when it is used, without anyone waiting", async () => {
  const { subscription, clock, known, namesOf } = setup();
  await known.current("demo");
  subscription.setType("demo", "new");
  clock.nowMs = 501;
  expect(namesOf(known.fresh("demo"))).toEqual(["known"]);
  await eventually(() => expect(namesOf(known.fresh("demo"))).toEqual(["known", "new"]));
  expect(subscription.calls).toEqual(["syncCatalog", "syncCatalog"]);
});

test("sees in `latest` whatever was there before the call, and shares one question", async () => {
  const { subscription, known, namesOf } = setup();
  const early = known.current("demo");
  subscription.setType("demo", "new");
  const late = [known.latest("demo"), known.latest("demo")];
  await early;
  for (const each of late) expect(namesOf(await each)).toEqual(["known", "new"]);
  expect(subscription.calls.length).toBe(2);
});

test("goes on with what is known while subscription is down, and knows nothing else", async () => {
  const { subscription, clock, known, namesOf } = setup();
  subscription.addProvider("other");
  await known.current("demo");
  subscription.isDown = true;
  clock.nowMs = 3_600_000;
  expect(namesOf(await known.current("demo"))).toEqual(["known"]);
  expect(namesOf(known.fresh("demo"))).toEqual(["known"]);
  await expect(known.latest("demo")).rejects.toEqual(unavailable);
  await expect(known.current("other")).rejects.toEqual(unavailable);
  subscription.isDown = false;
  subscription.setType("demo", "new");
  expect(namesOf(await known.latest("demo"))).toEqual(["known", "new"]);
});

test("adds a type where the provider takes unknown ones", async () => {
  const { subscription, known, namesOf } = setup();
  const closed = known.addType("demo", "new");
  await expect(closed).rejects.toEqual(expect.objectContaining({ reason: "precondition" }));
  subscription.addProvider("open").takesUnknownTypes = true;
  expect(namesOf(await known.addType("open", "new"))).toEqual(["new"]);
});

test("forgets a provider that is gone", async () => {
  const { subscription, clock, known } = setup();
  await known.current("demo");
  subscription.providers.delete("demo");
  clock.nowMs = 1_001;
  const gone = expect.objectContaining({ reason: "not_found" });
  await expect(known.current("demo")).rejects.toEqual(gone);
  expect(known.fresh("demo")).toBeUndefined();
});

test("compiles a schema once for as long as it stays the same", async () => {
  const { subscription, known } = setup();
  subscription.setType("demo", "a", '{"type":"string"}');
  const before = await known.latest("demo");
  expect(before.types.get("a")?.checkData).toBeDefined();
  subscription.setType("demo", "b", '{"type":"number"}');
  const after = await known.latest("demo");
  expect(after.types.get("a")?.checkData).toBe(before.types.get("a")?.checkData);
  expect(after.types.get("known")?.checkData).toBe(before.types.get("known")?.checkData);
});
