import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import { appClient } from "@posthorn/rpc";
import { logger, newId } from "@posthorn/runtime";
import { masterKey } from "@posthorn/sealing";
import { expect, it } from "vitest";
import type { FanOut } from "../store/fan-outs.ts";
import { fakeSubscription } from "../testing/fake-subscription.ts";
import { virtualClock } from "../testing/virtual-clock.ts";
import { type FanOutDeps, fanOut } from "./fan-out.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Entry } from "./result-writer.ts";
import { Subscriptions } from "./subscriptions.ts";

const owned: OwnedPartition = {
  partition: 1,
  epoch: "1",
  lost: new AbortController().signal,
  isSafe: () => true,
};

/** Fan-out of two records, whose deliveries are answered at once, into a store as given. */
async function setup(insertFanOut: (fanOut: FanOut) => ReadonlySet<string> | undefined) {
  const subscription = fakeSubscription();
  const workspace = subscription.addWorkspace();
  subscription.addWebhook(workspace, { url: "https://example.com/" });
  const told: string[] = [];
  const sender = {
    open: async () => {},
    offer(_: unknown, __: unknown, ___: unknown, { unwritten, event }: Item) {
      const settled = (isRecorded: boolean) => told.push(`${event.type} ${isRecorded}`);
      unwritten?.take?.({ result: { state: "SUCCEEDED" }, settled } as unknown as Entry);
      return "slow";
    },
  };
  const deps = {
    store: {
      getNextOffset: async () => 0n,
      insertFanOut: async (written: FanOut) => insertFanOut(written),
    },
    ownership: { owned: () => owned },
    sender,
    subscriptions: new Subscriptions({
      client: appClient(SubscriptionSyncService, subscription.transport),
      masterKey: masterKey(subscription.masterKey),
    }),
    endsTold: "failures",
    onNotice: () => {},
    onStored: () => {},
    ensureDays: async () => {},
    log: logger({ name: "test", level: "silent" }),
    metrics: { onFanOut: () => {} },
    clock: virtualClock(),
  };
  const { handler } = fanOut(deps as unknown as FanOutDeps); // all that is called
  await handler.start(owned.partition);
  const records = ["first", "second"].map((type, offset) => ({
    ...{ offset: BigInt(offset), key: Buffer.of(), headers: {} },
    value: toBinary(
      EventRecordSchema,
      create(EventRecordSchema, {
        ...{ eventId: newId("evt"), workspaceId: workspace, provider: "demo", type },
        ...{ data: Buffer.from("{}"), occurTime: now, acceptTime: now },
      }),
    ),
  }));
  const batch = { topic: "events", partition: owned.partition, records };
  const handle = async () => {
    const handled = await handler.handle(batch as never, owned.lost);
    return typeof handled === "object" ? handled.done : handled;
  };
  return { handle, told };
}

const now = timestampFromDate(new Date());
const broken = (): never => {
  throw new Error("broken");
};
const isParking = ({ parked }: FanOut) => parked.length > 0;

it.each([
  ["parked", () => new Set<string>(), 2n],
  ["not parked, as the lease is lost", () => undefined, undefined],
])("deliveries of records that fail alone are let go of once: %s", async (_name, park, next) => {
  const { handle, told } = await setup((fanOut) => (isParking(fanOut) ? park() : broken()));
  expect(await handle()).toBe(next);
  expect(told).toEqual(["first false", "second false"]);
});

it("deliveries of records that can neither be stored nor parked are let go of once", async () => {
  const { handle, told } = await setup(broken);
  await expect(handle()).rejects.toThrow("broken");
  expect(told).toEqual(["first false", "second false"]);
});
