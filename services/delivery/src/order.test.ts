import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { Replay_Filter } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { idToUuid } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
type Answers = NonNullable<Parameters<typeof receiver>[0]>["answers"];
let harness: Harness;
let delivery: DeliveryProcess;
let client: Client;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
  client = new Client({ connectionString: harness.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await delivery.stop();
  await harness.close();
});

interface Sent {
  readonly key: string;
  readonly n: number;
}

async function setup(
  answers: Answers = [200],
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const hook = { url: target.url, isOrdered: true, ...options };
  const { id: webhook } = harness.subscription.addWebhook(workspace, hook);
  /** Publishes numbered events of a key, in one batch. */
  const publish = (key: string, ...numbers: readonly number[]) =>
    harness.publish(
      workspace,
      ...numbers.map((n) => ({ orderingKey: key, data: JSON.stringify({ key, n }) })),
    );
  const sent = (): Sent[] => target.requests.map(({ body }) => JSON.parse(body.toString()).data);
  const sentOf = (key: string) => sent().flatMap((one) => (one.key === key ? one.n : []));
  const ended = (state: Delivery_State, count: number) =>
    eventually(async () => {
      const request = { workspace, state, pageSize: 250 };
      const { deliveries } = await delivery.deliveries.listDeliveries(request);
      expect(deliveries).toHaveLength(count);
      return deliveries;
    });
  return { target, workspace, webhook, publish, sent, sentOf, ended };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("an ordered webhook", () => {
  it("gets the events of a key one by one, in the order in which they were published", async () => {
    const { publish, sentOf, ended } = await setup([{ status: 200, delayMs: 2 }]);
    await publish("a", ...upTo(30));
    await publish("b", ...upTo(30));
    await ended(Delivery_State.SUCCEEDED, 60);
    expect(sentOf("a")).toEqual(upTo(30));
    expect(sentOf("b")).toEqual(upTo(30));
  });

  it("gets events without a key in one order, too", async () => {
    const { publish, sentOf, ended } = await setup();
    await publish("", ...upTo(20));
    await ended(Delivery_State.SUCCEEDED, 20);
    expect(sentOf("")).toEqual(upTo(20));
  });

  it("has one POST of a key under way, and as many keys as it may have POSTs", async () => {
    const { target, publish, sent } = await setup(["hang"], { timeoutMs: 20_000 });
    for (const key of ["a", "b", "c"]) await publish(key, 0, 1, 2);
    await target.next(3);
    await eventually(async () => {
      const { rows } = await client.query(
        "select from delivery.schedule where due_at = 'infinity'",
      );
      expect(rows.length).toBeGreaterThanOrEqual(6);
    });
    expect(sent().sort((a, b) => a.key.localeCompare(b.key))).toEqual([
      { key: "a", n: 0 },
      { key: "b", n: 0 },
      { key: "c", n: 0 },
    ]);
    await target.close();
  });

  it("waits with a key while its first fails, and with no other", async () => {
    const { target, publish, sentOf, ended } = await setup([500, 200], { delaysMs: [1_500] });
    await publish("fails", 0);
    await target.next();
    await publish("fails", 1, 2);
    await publish("well", 0, 1, 2);
    await ended(Delivery_State.SUCCEEDED, 3);
    expect(sentOf("well")).toEqual([0, 1, 2]);
    expect(sentOf("fails")).toEqual([0]);
    await ended(Delivery_State.SUCCEEDED, 6);
    expect(sentOf("fails")).toEqual([0, 0, 1, 2]);
  });

  it("goes on behind one that is exhausted", async () => {
    const { publish, sentOf, ended } = await setup([500, 500, 200], { delaysMs: [50] });
    await publish("a", 0, 1, 2);
    await ended(Delivery_State.SUCCEEDED, 2);
    expect(sentOf("a")).toEqual([0, 0, 1, 2]);
    await ended(Delivery_State.EXHAUSTED, 1);
  });

  it("goes on behind one that is canceled", async () => {
    const { target, workspace, publish, sentOf, ended } = await setup([500, 200], {
      delaysMs: [60_000],
    });
    await publish("a", 0, 1, 2);
    await target.next();
    const head = await eventually(async () => {
      const pending = await ended(Delivery_State.PENDING, 3);
      const tried = pending.find(({ attemptCount }) => attemptCount === 1);
      expect(tried).toBeDefined();
      return tried?.id ?? "";
    });
    await delivery.deliveries.cancelDelivery({ workspace, delivery: head });
    await ended(Delivery_State.SUCCEEDED, 2);
    expect(sentOf("a")).toEqual([0, 1, 2]);
  });

  it("gets what is sent again behind what waits", async () => {
    const { target, workspace, publish, sentOf, ended } = await setup([200, 500, 200], {
      delaysMs: [700],
    });
    await publish("a", 0);
    const [first] = await ended(Delivery_State.SUCCEEDED, 1);
    await publish("a", 1, 2);
    await target.next(2);
    await delivery.deliveries.resendDelivery({ workspace, delivery: first?.id ?? "" });
    await ended(Delivery_State.SUCCEEDED, 4);
    expect(sentOf("a")).toEqual([0, 1, 1, 2, 0]);
  });

  it("tells that a delivery waited for another", async () => {
    const { workspace, publish, ended } = await setup([{ status: 200, delayMs: 300 }, 200]);
    await publish("a", 0, 1);
    await ended(Delivery_State.SUCCEEDED, 2);
    const sql = "select timings from delivery.attempt where workspace_id = $1";
    const { rows } = await client.query(sql, [idToUuid("ws", workspace)]);
    const waits = rows.map(({ timings }) => JSON.parse(timings).waits?.ORDER ?? 0);
    expect(waits.sort((a, b) => a - b)[1]).toBeGreaterThan(250);
  });

  it("names the delivery that another waits for", async () => {
    const { target, workspace, publish, ended } = await setup([500], { delaysMs: [60_000] });
    await publish("a", 0, 1);
    await target.next();
    const pending = await ended(Delivery_State.PENDING, 2);
    const ids = pending.map(({ id }) => id);
    const waits = await eventually(async () => {
      const shown = ids.map((id) => delivery.deliveries.getDelivery({ workspace, delivery: id }));
      const found = (await Promise.all(shown)).map(({ waitingFor }) => waitingFor?.delivery ?? "");
      expect(found.filter((behind) => behind !== "")).toHaveLength(1);
      return found;
    });
    const [first, second] = waits[0] === "" ? [ids[0], waits[1]] : [ids[1], waits[0]];
    expect(second).toBe(first);
  });

  it("that is ordered no longer gets everything at once", async () => {
    const { target, workspace, webhook, publish, ended } = await setup([500, 200], {
      delaysMs: [60_000],
    });
    await publish("a", ...upTo(6));
    await target.next();
    await ended(Delivery_State.PENDING, 6);
    harness.subscription.setRules(workspace, webhook, { isOrdered: false });
    await ended(Delivery_State.SUCCEEDED, 5);
  });
});

describe("order", () => {
  it("holds through a restart, and nothing is stuck after it", async () => {
    const { publish, sentOf, ended } = await setup([500, { status: 200, delayMs: 20 }], {
      delaysMs: [300],
    });
    await publish("a", ...upTo(20));
    await publish("b", ...upTo(20));
    await eventually(() => expect(sentOf("b").length).toBeGreaterThan(4));
    await delivery.stop();
    delivery = await harness.start();
    await publish("a", 20);
    await ended(Delivery_State.SUCCEEDED, 41);
    expect([...new Set(sentOf("a"))]).toEqual(upTo(21));
    expect(sentOf("a").toSorted((x, y) => x - y)).toEqual(sentOf("a"));
    expect(sentOf("b").toSorted((x, y) => x - y)).toEqual(sentOf("b"));
  });

  it("holds through a crash between an end and what follows it", async () => {
    const off = { state: "PAUSED", whenPaused: "HOLD" } as const;
    const { workspace, webhook, publish, sentOf, ended } = await setup([200], off);
    await publish("a", ...upTo(5));
    await publish("b", ...upTo(5));
    await ended(Delivery_State.HELD, 10);
    await delivery.stop();
    // As a crash leaves it when the first of a key has ended: nothing of it is due.
    const workspaceUuid = idToUuid("ws", workspace);
    await client.query("update delivery.schedule set due_at = 'infinity' where workspace_id = $1", [
      workspaceUuid,
    ]);
    delivery = await harness.start();
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await ended(Delivery_State.SUCCEEDED, 10);
    expect(sentOf("a")).toEqual(upTo(5));
    expect(sentOf("b")).toEqual(upTo(5));
  });
});

describe("a replay to an ordered webhook", () => {
  it("keeps the order of events, behind what is live", async () => {
    const { target, workspace, webhook, publish, sentOf, ended } = await setup([200], {
      delaysMs: [1_000],
    });
    await publish("a", 0, 1, 2);
    await ended(Delivery_State.SUCCEEDED, 3);
    target.answer(500, 200);
    await publish("a", 3);
    await target.next(4);
    const all = { filter: Replay_Filter.ALL, after: timestampFromMs(Date.now() - 60_000) };
    const before = timestampFromMs(Date.now());
    await delivery.replays.createReplay({ workspace, webhook, ...all, before });
    await publish("a", 4);
    await ended(Delivery_State.SUCCEEDED, 9);
    expect(sentOf("a")).toEqual([0, 1, 2, 3, 3, 4, 0, 1, 2, 3]);
  });

  it("that is paused lets live ones pass, and goes on when it is resumed", async () => {
    const { workspace, webhook, publish, sentOf, ended } = await setup([200], { ratePerSecond: 5 });
    await publish("a", ...upTo(12));
    await ended(Delivery_State.SUCCEEDED, 12);
    const range = {
      after: timestampFromMs(Date.now() - 60_000),
      before: timestampFromMs(Date.now()),
    };
    const request = { workspace, webhook, filter: Replay_Filter.ALL, ...range };
    const { id: replay } = await delivery.replays.createReplay(request);
    await ended(Delivery_State.SUCCEEDED, 14);
    await delivery.replays.pauseReplay({ workspace, replay });
    await publish("a", 100);
    await eventually(() => expect(sentOf("a")).toContain(100));
    const sentWhilePaused = sentOf("a").length;
    expect(sentWhilePaused).toBeLessThan(20);
    await delivery.replays.resumeReplay({ workspace, replay });
    await ended(Delivery_State.SUCCEEDED, 25);
    expect(sentOf("a").filter((n) => n !== 100)).toEqual([...upTo(12), ...upTo(12)]);
  });
});
