import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { partitionOf } from "@posthorn/bus";
import {
  Delivery_State,
  Delivery_Trigger,
  Wait_Reason,
} from "@posthorn/proto/posthorn/delivery/v1/delivery";
import {
  type Replay,
  Replay_Filter,
  Replay_State,
} from "@posthorn/proto/posthorn/delivery/v1/replay";
import { idToUuid, newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type DeliveryProcess, deliveryHarness, type TestEvent } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
type Answers = NonNullable<Parameters<typeof receiver>[0]>["answers"];
let harness: Harness;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

const { FAILED, MISSING, ALL } = Replay_Filter;
const dayMs = 86_400_000;
/** An hour ago: every event of a test was accepted after it. */
const after = timestampFromMs(Date.now() - 3_600_000);

/** A workspace with one webhook, which gives up after one attempt, and a look at its deliveries. */
async function setup(
  answers: Answers = [200],
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const target = await receiver({ answers: answers ?? [200] });
  const workspace = harness.subscription.addWorkspace();
  const add = (more: typeof options = {}) =>
    harness.subscription.addWebhook(workspace, { url: target.url, delaysMs: [], ...more }).id;
  const webhook = add(options);
  const publish = (...events: TestEvent[]) => harness.publish(workspace, ...events);
  const publishMany = (count: number) => publish(...Array.from({ length: count }, () => ({})));
  const list = async (filter: object = {}) =>
    (await delivery.deliveries.listDeliveries({ workspace, pageSize: 250, ...filter })).deliveries;
  const listed = (filter: object, count: number) =>
    eventually(async () => {
      const found = await list(filter);
      expect(found).toHaveLength(count);
      return found;
    });
  /** The ids of the events that were sent by replays, in the order of their deliveries. */
  const replayed = async () =>
    (await list())
      .filter(({ trigger }) => trigger === Delivery_Trigger.REPLAY)
      .map(({ event }) => event)
      .reverse();
  const create = (request: object) =>
    delivery.replays.createReplay({ workspace, webhook, filter: FAILED, after, ...request });
  const get = ({ id }: Replay, process = delivery) =>
    process.replays.getReplay({ workspace, replay: id });
  const reached = (replay: Replay, wanted: object, process = delivery) =>
    eventually(
      async () => {
        const found = await get(replay, process);
        expect(found).toMatchObject(wanted);
        return found;
      },
      { timeoutMs: 20_000 },
    );
  const completed = (replay: Replay, wanted: object = {}) =>
    reached(replay, { state: Replay_State.COMPLETED, ...wanted });
  return {
    ...{ target, workspace, webhook, add, publish, publishMany, list, listed, replayed },
    ...{ create, get, reached, completed },
  };
}

describe("a replay of what failed", () => {
  it("sends it again once the receiver is well, each event once, and counts what came of it", async () => {
    const { target, publishMany, listed, create, completed, replayed } = await setup([500]);
    const failed = await publishMany(3);
    await listed({ state: Delivery_State.EXHAUSTED }, 3);
    target.answer(200);
    await publishMany(2);
    await listed({ state: Delivery_State.SUCCEEDED }, 2);
    const replay = await create({});
    expect(replay).toMatchObject({ state: Replay_State.RUNNING, matchedCount: 0 });
    const counts = { matchedCount: 3, createdCount: 3, succeededCount: 3, failedCount: 0 };
    const done = await completed(replay, counts);
    expect(done.progressTime).toEqual(done.before);
    expect(done.endTime).toBeDefined();
    expect(new Set(await replayed())).toEqual(new Set(failed));
    await target.next(8);
    const ids = target.requests.slice(-3).map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids)).toEqual(new Set(failed));
  });

  it("leaves out what a resend or an earlier replay has delivered, and what is still open", async () => {
    const { target, workspace, publishMany, listed, create, completed, replayed } = await setup([
      500,
    ]);
    const [first, second] = await publishMany(2);
    const exhausted = await listed({ state: Delivery_State.EXHAUSTED }, 2);
    target.answer(200);
    const resent = exhausted.find(({ event }) => event === first)?.id ?? "";
    await delivery.deliveries.resendDelivery({ workspace, delivery: resent });
    await listed({ state: Delivery_State.SUCCEEDED }, 1);
    await completed(await create({}), { matchedCount: 1 });
    await completed(await create({}), { matchedCount: 0 });
    expect(await replayed()).toEqual([second]);
  });

  it("counts what fails again", async () => {
    const { publish, listed, create, completed } = await setup([500]);
    await publish({});
    await listed({ state: Delivery_State.EXHAUSTED }, 1);
    await completed(await create({}), { createdCount: 1, succeededCount: 0, failedCount: 1 });
  });

  it("is at work until retries are over", async () => {
    const { target, publish, listed, create, completed } = await setup([500], { delaysMs: [50] });
    await publish({});
    await listed({ state: Delivery_State.EXHAUSTED }, 1);
    target.answer(500, 200);
    await completed(await create({}), { succeededCount: 1, failedCount: 0 });
    expect(target.requests).toHaveLength(4);
  });

  it("sends it to another webhook, which need not subscribe it", async () => {
    const { target, publish, listed, create, completed, add } = await setup([500]);
    const [event] = await publish({});
    await listed({ state: Delivery_State.EXHAUSTED }, 1);
    const spare = await receiver();
    const toWebhook = add({ url: spare.url, eventTypes: ["invoice.*"] });
    const replay = await create({ toWebhook });
    expect(replay.toWebhook).toBe(toWebhook);
    await completed(replay, { succeededCount: 1 });
    const [request] = await spare.next();
    expect(request?.headers["webhook-id"]).toBe(event);
    expect(target.requests).toHaveLength(1);
  });

  it("keeps to its range of acceptance", async () => {
    const { publish, listed, create, completed, replayed } = await setup([500]);
    const now = Date.now();
    const [early, within, late] = [5, 4, 3].map((minutes) => ({
      acceptedAt: new Date(now - minutes * 60_000),
    }));
    const events = await publish(early ?? {}, within ?? {}, late ?? {});
    await listed({ state: Delivery_State.EXHAUSTED }, 3);
    const range = {
      after: timestampFromDate(within?.acceptedAt ?? new Date()),
      before: timestampFromDate(late?.acceptedAt ?? new Date()),
    };
    await completed(await create(range), { matchedCount: 1 });
    expect(await replayed()).toEqual([events[1]]);
  });
});

describe("recovering a webhook", () => {
  it("sends what failed since a time", async () => {
    const { target, workspace, webhook, publish, listed, completed } = await setup([500]);
    await publish({});
    await listed({ state: Delivery_State.EXHAUSTED }, 1);
    target.answer(200);
    const replay = await delivery.replays.recoverWebhook({ workspace, webhook, since: after });
    expect(replay).toMatchObject({ webhook, filter: FAILED, after });
    await completed(replay, { succeededCount: 1 });
  });
});

describe("a replay of what is missing", () => {
  it("sends what was published before the webhook was made or while it was off", async () => {
    const { workspace, webhook, publish, listed, create, completed, replayed } = await setup();
    const [old] = await publish({});
    await listed({}, 1);
    harness.subscription.setState(workspace, webhook, "PAUSED");
    const skipped = await publish({}, {});
    for (const event of skipped) await delivery.events.getEvent({ workspace, event });
    harness.subscription.setState(workspace, webhook, "ACTIVE");
    await completed(await create({ filter: MISSING }), { succeededCount: 2 });
    expect(new Set(await replayed())).toEqual(new Set(skipped));
    const late = harness.subscription.addWebhook(workspace, {
      url: (await receiver()).url,
      eventTypes: ["order.*"],
    });
    await publish({ type: "invoice.paid" });
    await completed(await create({ filter: MISSING, webhook: late.id }), { succeededCount: 3 });
    await completed(await create({ filter: MISSING, webhook: late.id }), { matchedCount: 0 });
    expect(new Set(await replayed())).toEqual(new Set([old, ...skipped]));
  });
});

describe("a filter of the webhook", () => {
  it("decides what is missing, and does not matter for what failed", async () => {
    const { target, workspace, add, publish, listed, create, completed, replayed } = await setup([
      500,
    ]);
    const events = await publish({ data: '{"n":1}' }, { data: '{"n":2}' }, { data: "{}" });
    await listed({ state: Delivery_State.EXHAUSTED }, 3);
    target.answer(200);
    const own = await receiver();
    const filtered = add({ url: own.url, filter: "event.data.n > 1" });
    await completed(await create({ filter: MISSING, webhook: filtered }), { matchedCount: 1 });
    expect(await replayed()).toEqual([events[1]]);
    harness.subscription.setFilter(workspace, filtered, "event.data.n > 2");
    await completed(await create({ filter: ALL, webhook: filtered }), { matchedCount: 0 });
    own.answer(500, 200);
    await publish({ data: '{"n":3}' });
    await listed({ webhook: filtered, state: Delivery_State.EXHAUSTED }, 1);
    harness.subscription.setFilter(workspace, filtered, "false");
    await completed(await create({ webhook: filtered }), { matchedCount: 1, succeededCount: 1 });
  });

  it("is asked for each of many large events", async () => {
    const { target, add, publish, listed, create, completed } = await setup();
    const text = "x".repeat(200_000);
    const events = Array.from({ length: 60 }, (_, n) => ({ data: `{"n":${n},"text":"${text}"}` }));
    await publish(...events.slice(0, 30));
    await publish(...events.slice(30));
    await listed({ state: Delivery_State.SUCCEEDED }, 60);
    const filtered = add({ filter: "event.data.n >= 20" });
    await completed(await create({ filter: MISSING, webhook: filtered }), { succeededCount: 40 });
    expect(target.requests).toHaveLength(100);
  });
});

describe("a replay of all", () => {
  it("sends every event that the webhook subscribes, in the order of acceptance", async () => {
    const { publish, listed, create, completed, replayed } = await setup([200], {
      eventTypes: ["order.*"],
    });
    const now = Date.now();
    const events = await publish(
      { acceptedAt: new Date(now - 3000) },
      { type: "invoice.paid", acceptedAt: new Date(now - 2000) },
      { acceptedAt: new Date(now - 1000) },
    );
    await listed({ state: Delivery_State.SUCCEEDED }, 2);
    await completed(await create({ filter: ALL }), { matchedCount: 2, succeededCount: 2 });
    expect(await replayed()).toEqual([events[0], events[2]]);
  });

  it("waits for fan-out, so that nothing that was accepted before it is left out", async () => {
    const { workspace, publish, create, completed } = await setup();
    const partition = partitionOf(workspace, 4);
    const elsewhere = Array.from({ length: 50 }, () => harness.subscription.addWorkspace());
    const other = elsewhere.find((each) => partitionOf(each, 4) !== partition) ?? "";
    const { id: webhook } = harness.subscription.addWebhook(other, { url: "http://127.0.0.1:9/" });
    const client = new Client({ connectionString: harness.url });
    onTestFinished(() => client.end());
    await client.connect();
    await client.query("begin");
    await client.query("select from delivery.progress where partition = $1 for update", [
      partition,
    ]);
    await publish({}); // fan-out cannot store it
    const replay = await create({ filter: ALL });
    const later = await delivery.replays.createReplay({
      workspace: other,
      webhook,
      filter: ALL,
      after,
    });
    await eventually(async () => {
      const found = await delivery.replays.getReplay({ workspace: other, replay: later.id });
      expect(found.state).toBe(Replay_State.COMPLETED);
    });
    await client.query("rollback");
    await completed(replay, { matchedCount: 1 });
  });

  it("leaves out tests", async () => {
    const { workspace, webhook, create, completed } = await setup();
    await delivery.tests.testWebhook({ workspace, webhook });
    await completed(await create({ filter: ALL }), { matchedCount: 0 });
  });

  it("goes through more events than wait at a time", async () => {
    const { target, publishMany, create, completed } = await setup();
    await publishMany(2500);
    await target.next(2500, 30_000);
    await completed(await create({ filter: ALL }), { succeededCount: 2500 });
    expect(target.requests).toHaveLength(5000);
  }, 60_000);

  it("lets no more than some thousand of its deliveries wait", async () => {
    const { workspace, webhook, publishMany, create, reached, target } = await setup();
    await publishMany(2000);
    await target.next(2000, 30_000);
    harness.subscription.setState(workspace, webhook, "PAUSED");
    const replay = await create({ filter: ALL });
    await reached(replay, { createdCount: 1000 });
    await delivery.replays.cancelReplay({ workspace, replay: replay.id });
    await reached(replay, { createdCount: 1000, canceledCount: 1000 });
  }, 60_000);
});

describe("a rate", () => {
  it("is kept to", async () => {
    const { target, publishMany, create, completed } = await setup();
    await publishMany(30);
    await target.next(30);
    const beganMs = Date.now();
    await completed(await create({ filter: ALL, perSecond: 20 }), { succeededCount: 30 });
    expect(target.requests.slice(30)).toHaveLength(30);
    const lastMs = target.requests.at(-1)?.receivedAtMs ?? 0;
    expect(lastMs - beganMs).toBeGreaterThan(400);
  });
});

describe("deliveries by filter", () => {
  it("are sent again to the webhook of each, once for each event", async () => {
    const { target, workspace, add, publishMany, listed, completed } = await setup([404]);
    const other = add({ url: (await receiver()).url });
    await publishMany(2);
    await listed({ state: Delivery_State.EXHAUSTED }, 2);
    await listed({ state: Delivery_State.SUCCEEDED }, 2);
    target.answer(200);
    const replay = await delivery.replays.resendDeliveries({ workspace, statusCode: 404 });
    expect(replay).toMatchObject({
      webhook: "",
      filter: Replay_Filter.DELIVERIES,
      deliveries: { statusCode: 404 },
    });
    await completed(replay, { matchedCount: 2, succeededCount: 2 });
    const again = await delivery.replays.resendDeliveries({ workspace, webhook: other });
    await completed(again, { matchedCount: 2, succeededCount: 2 });
    const both = { workspace, state: Delivery_State.SUCCEEDED, eventType: "order.created" };
    const all = await delivery.replays.resendDeliveries(both);
    await completed(all, { matchedCount: 6, createdCount: 4 });
  });

  it("are those of one event", async () => {
    const { workspace, publishMany, listed, completed, replayed } = await setup();
    const [event] = await publishMany(3);
    await listed({ state: Delivery_State.SUCCEEDED }, 3);
    await completed(await delivery.replays.resendDeliveries({ workspace, event: event ?? "" }), {
      createdCount: 1,
    });
    expect(await replayed()).toEqual([event]);
  });

  it("are those that a query finds", async () => {
    const { workspace, publish, listed, completed, replayed } = await setup();
    const [order, invoice] = await publish({}, { type: "invoice.paid" });
    const found = await listed({ state: Delivery_State.SUCCEEDED }, 2);
    const { resendDeliveries } = delivery.replays;
    const byType = await resendDeliveries({ workspace, query: "invoice" });
    expect(byType.deliveries).toMatchObject({ query: "invoice" });
    await completed(byType, { matchedCount: 1 });
    expect(await replayed()).toEqual([invoice]);
    const query = found.find(({ event }) => event === order)?.id ?? "";
    await completed(await resendDeliveries({ workspace, query }), { matchedCount: 1 });
    expect(await replayed()).toEqual([invoice, order]);
  });

  it("are judged by the state that is shown", async () => {
    const { workspace, webhook, publish, listed, completed } = await setup([500], {
      delaysMs: [60_000],
    });
    await publish({});
    await listed({ state: Delivery_State.PENDING }, 1);
    harness.subscription.setState(workspace, webhook, "PAUSED");
    const { resendDeliveries } = delivery.replays;
    await completed(await resendDeliveries({ workspace, state: Delivery_State.PENDING }), {
      matchedCount: 0,
    });
    const held = await resendDeliveries({ workspace, state: Delivery_State.HELD });
    await listed({ state: Delivery_State.HELD }, 2);
    await delivery.replays.cancelReplay({ workspace, replay: held.id });
  });
});

describe("a user's word", () => {
  it("pauses a replay with what it has not sent, and resumes it", async () => {
    const { target, workspace, webhook, publishMany, list, listed, create, get, completed } =
      await setup([200], { inFlightMax: 1 });
    await publishMany(20);
    await target.next(20);
    await listed({ state: Delivery_State.SUCCEEDED }, 20);
    target.answer({ status: 200, delayMs: 100 });
    const replay = await create({ filter: ALL });
    await target.next();
    const paused = await delivery.replays.pauseReplay({ workspace, replay: replay.id });
    expect(paused).toMatchObject({ state: Replay_State.PAUSED, stateReason: "PAUSED_BY_USER" });
    await eventually(async () => {
      const waiting = await list({ state: Delivery_State.PENDING });
      expect(waiting.every(({ stateReason }) => stateReason === "REPLAY_PAUSED")).toBe(true);
    });
    const [waiting] = await list({ state: Delivery_State.PENDING });
    const explained = { workspace, delivery: waiting?.id ?? "" };
    const { waitingFor } = await delivery.deliveries.getDelivery(explained);
    expect(waitingFor).toMatchObject({ reason: Wait_Reason.REPLAY_PAUSED });
    const sentCount = target.requests.length;
    expect(sentCount).toBeLessThan(35);
    await harness.publish(workspace, {});
    await eventually(() => expect(target.requests).toHaveLength(sentCount + 1));
    expect(await get(replay)).toMatchObject({ state: Replay_State.PAUSED });
    target.answer(200);
    const resumed = await delivery.replays.resumeReplay({ workspace, replay: replay.id });
    expect(resumed).toMatchObject({ state: Replay_State.RUNNING, stateReason: "" });
    await completed(replay, { succeededCount: 20 });
    expect(await delivery.replays.listReplays({ workspace, webhook })).toMatchObject({
      replays: [{ id: replay.id }],
    });
  });

  it("cancels a replay with its open deliveries", async () => {
    const { target, workspace, publishMany, listed, create, reached } = await setup([500]);
    await publishMany(3);
    await listed({ state: Delivery_State.EXHAUSTED }, 3);
    target.answer("hang");
    const replay = await create({});
    await reached(replay, { createdCount: 3 });
    const canceled = await delivery.replays.cancelReplay({ workspace, replay: replay.id });
    expect(canceled).toMatchObject({
      state: Replay_State.CANCELED,
      stateReason: "CANCELED_BY_USER",
    });
    expect(canceled.endTime).toBeDefined();
    const ended = await listed({ state: Delivery_State.CANCELED }, 3);
    for (const one of ended) expect(one.stateReason).toBe("REPLAY_CANCELED");
    await reached(replay, { canceledCount: 3 });
  });

  it("cancels what a replay tried and would try again", async () => {
    const { publish, listed, list, workspace, create, reached } = await setup([500], {
      delaysMs: [60_000],
    });
    await publish({});
    await listed({ state: Delivery_State.PENDING }, 1);
    const replay = await create({ filter: ALL });
    await eventually(async () => {
      const tried = (await list()).filter(({ attemptCount }) => attemptCount === 1);
      expect(tried).toHaveLength(2);
    });
    await delivery.replays.cancelReplay({ workspace, replay: replay.id });
    await reached(replay, { canceledCount: 1 });
    await listed({ state: Delivery_State.PENDING }, 1);
  });

  it("is refused once a replay has ended, and taken twice before", async () => {
    const { workspace, publish, listed, create, completed } = await setup();
    await publish({});
    await listed({ state: Delivery_State.SUCCEEDED }, 1);
    const replay = await create({ filter: ALL, perSecond: 0.001 });
    const key = { workspace, replay: replay.id };
    await delivery.replays.pauseReplay(key);
    expect(await delivery.replays.pauseReplay(key)).toMatchObject({ state: Replay_State.PAUSED });
    await delivery.replays.resumeReplay(key);
    expect(await delivery.replays.resumeReplay(key)).toMatchObject({ state: Replay_State.RUNNING });
    await completed(replay);
    const { pauseReplay, resumeReplay, cancelReplay } = delivery.replays;
    for (const change of [pauseReplay, resumeReplay, cancelReplay]) {
      await expect(change(key)).rejects.toMatchObject({
        reason: "precondition",
        message: expect.stringContaining("COMPLETED"),
      });
    }
  });
});

describe("a defect of ours", () => {
  it("pauses a replay after three tries, and its user may resume it", async () => {
    const { workspace, publishMany, listed, create, reached, completed } = await setup();
    await publishMany(2);
    await listed({ state: Delivery_State.SUCCEEDED }, 2);
    const { id } = await create({ filter: ALL, perSecond: 0.001 });
    const key = { workspace, replay: id };
    const paused = await delivery.replays.pauseReplay(key);
    const client = new Client({ connectionString: harness.url });
    onTestFinished(() => client.end());
    await client.connect();
    const set = "update delivery.replay set per_second = $1 where id = $2";
    await client.query(set, ["NaN", idToUuid("rpl", id)]); // no step can be taken
    await delivery.replays.resumeReplay(key);
    await reached(paused, { state: Replay_State.PAUSED, stateReason: "FAULT" });
    await client.query(set, [0, idToUuid("rpl", id)]);
    await delivery.replays.resumeReplay(key);
    await completed(paused, { succeededCount: 2 });
  });
});

describe("a webhook that is deleted", () => {
  it("ends its replays", async () => {
    const { workspace, webhook, publishMany, listed, create, reached } = await setup();
    await publishMany(3);
    await listed({ state: Delivery_State.SUCCEEDED }, 3);
    const replay = await create({ filter: ALL, perSecond: 0.01 });
    await reached(replay, { createdCount: 1 });
    await delivery.replays.pauseReplay({ workspace, replay: replay.id });
    harness.subscription.deleteWebhook(workspace, webhook);
    await delivery.replays.resumeReplay({ workspace, replay: replay.id });
    await reached(replay, { state: Replay_State.CANCELED, stateReason: "WEBHOOK_DELETED" });
  });
});

describe("a replay survives", () => {
  it("a restart: what was made is not made again, and the rest follows", async () => {
    const own = await deliveryHarness();
    const first = await own.start();
    const target = await receiver();
    const workspace = own.subscription.addWorkspace();
    const { id: webhook } = own.subscription.addWebhook(workspace, { url: target.url });
    await own.publish(workspace, ...Array.from({ length: 40 }, () => ({})));
    await target.next(40);
    const request = { workspace, webhook, filter: ALL, after, perSecond: 20 };
    const replay = await first.replays.createReplay(request);
    await target.next(5);
    await first.stop();
    const second = await own.start();
    await eventually(async () => {
      const found = await second.replays.getReplay({ workspace, replay: replay.id });
      expect(found).toMatchObject({ state: Replay_State.COMPLETED, succeededCount: 40 });
    });
    const counts = new Map<string, number>();
    for (const { headers } of target.requests) {
      const id = headers["webhook-id"] ?? "";
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(new Set(counts.values())).toEqual(new Set([2]));
    await second.stop();
    await own.close();
  });

  it("the loss of its partition: the old owner writes nothing more, the new one goes on", async () => {
    const own = await deliveryHarness();
    const first = await own.start();
    const target = await receiver();
    const workspace = own.subscription.addWorkspace();
    const { id: webhook } = own.subscription.addWebhook(workspace, { url: target.url });
    await own.publish(workspace, ...Array.from({ length: 10 }, () => ({})));
    await target.next(10);
    const client = new Client({ connectionString: own.url });
    await client.connect();
    await client.query("update delivery.partition set epoch = epoch + 1, owner = 'other'");
    const replay = await first.replays.createReplay({ workspace, webhook, filter: ALL, after });
    await target.next(0);
    await client.query("update delivery.partition set owner = null, lease_until = '-infinity'");
    const second = await own.start();
    await first.stop();
    await eventually(
      async () => {
        const found = await second.replays.getReplay({ workspace, replay: replay.id });
        expect(found).toMatchObject({ state: Replay_State.COMPLETED, createdCount: 10 });
      },
      { timeoutMs: 20_000 },
    );
    await second.stop();
    await client.end();
    await own.close();
  });
});

describe("refused is", () => {
  const nowMs = Date.now();
  const at = (ms: number) => timestampFromMs(nowMs + ms);

  it.each([
    ["a webhook that is not there", { webhook: newId("wh") }, "not_found", "webhook"],
    ["a webhook that is no id", { webhook: "orders" }, "not_found", "webhook"],
    ["another webhook that is not there", { toWebhook: newId("wh") }, "not_found", "toWebhook"],
    ["no webhook", { webhook: "" }, "invalid", "webhook"],
    ["no filter", { filter: 0 }, "invalid", "filter"],
    ["the filter of resends", { filter: Replay_Filter.DELIVERIES }, "invalid", "filter"],
    ["a filter that is none", { filter: 9 }, "invalid", "filter"],
    ["no beginning", { after: undefined }, "invalid", "after"],
    ["a range in the future", { after: at(dayMs), before: at(2 * dayMs) }, "invalid", "after"],
    ["an end in the future", { before: at(dayMs) }, "invalid", "before"],
    ["an end before the beginning", { after: at(-10), before: at(-20) }, "invalid", "before"],
    ["a range of no length", { after: at(-10), before: at(-10) }, "invalid", "before"],
    ["a beginning 31 days ago", { after: at(-31 * dayMs) }, "invalid", "after"],
    ["a beginning beyond any calendar", { after: { seconds: 2n ** 62n } }, "invalid", "after"],
    ["an end beyond any calendar", { before: { seconds: -(2n ** 62n) } }, "invalid", "before"],
    ["a rate below 0", { perSecond: -1 }, "invalid", "perSecond"],
    ["a rate that is no number", { perSecond: Number.NaN }, "invalid", "perSecond"],
    ["a rate above 10,000", { perSecond: 10_001 }, "invalid", "perSecond"],
  ])("%s", async (_, request, reason, field) => {
    const { create } = await setup();
    await expect(create(request)).rejects.toMatchObject({ reason, fields: [{ field }] });
  });

  it.each([
    ["a webhook that is not there", { webhook: newId("wh") }, "not_found", "webhook"],
    ["no time", { since: undefined }, "invalid", "since"],
    ["a time in the future", { since: at(dayMs) }, "invalid", "since"],
    ["a time 31 days ago", { since: at(-31 * dayMs) }, "invalid", "since"],
    ["an end before the time", { since: at(-10), until: at(-20) }, "invalid", "until"],
  ])("recovery with %s", async (_, request, reason, field) => {
    const { workspace, webhook } = await setup();
    const recovery = { workspace, webhook, since: after, ...request };
    await expect(delivery.replays.recoverWebhook(recovery)).rejects.toMatchObject({
      reason,
      fields: [{ field }],
    });
  });

  it.each([
    ["nothing that narrows it", {}, "invalid", "state"],
    ["a webhook that is not there", { webhook: newId("wh") }, "not_found", "webhook"],
    ["an event that is not there", { event: newId("evt") }, "not_found", "event"],
    ["a state that is none", { state: 9 as Delivery_State }, "invalid", "state"],
    ["a beginning 31 days ago", { after: at(-31 * dayMs) }, "invalid", "after"],
    ["an end in the future", { before: at(dayMs) }, "invalid", "before"],
  ])("a resend with %s", async (_, request, reason, field) => {
    const { workspace } = await setup();
    const resend = delivery.replays.resendDeliveries({ workspace, ...request });
    await expect(resend).rejects.toMatchObject({ reason, fields: [{ field }] });
  });

  it("the 51st replay at a time", async () => {
    const { publish, listed, create } = await setup();
    await publish({}, {});
    await listed({ state: Delivery_State.SUCCEEDED }, 2);
    for (let count = 0; count < 50; count += 1) await create({ filter: ALL, perSecond: 0.001 });
    await expect(create({ filter: ALL })).rejects.toMatchObject({ reason: "precondition" });
  });

  it("what is another workspace's", async () => {
    const { create } = await setup();
    const { id: replay } = await create({});
    const workspace = harness.subscription.addWorkspace();
    const { getReplay, pauseReplay, resumeReplay, cancelReplay } = delivery.replays;
    for (const call of [getReplay, pauseReplay, resumeReplay, cancelReplay]) {
      await expect(call({ workspace, replay })).rejects.toMatchObject({ reason: "not_found" });
    }
    expect((await delivery.replays.listReplays({ workspace })).replays).toEqual([]);
  });
});

describe("the list of replays", () => {
  it("goes page by page, newest first", async () => {
    const { workspace, webhook, add, create } = await setup();
    const other = await create({ webhook: add() });
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push((await create({})).id);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const request = { workspace, webhook, pageSize: 2, pageToken };
      const page = await delivery.replays.listReplays(request);
      seen.push(...page.replays.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(ids.reverse());
    const { replays } = await delivery.replays.listReplays({ workspace });
    expect(replays.map(({ id }) => id)).toEqual([...ids, other.id]);
    expect((await delivery.replays.listReplays({ workspace, webhook: "x" })).replays).toEqual([]);
  });
});
