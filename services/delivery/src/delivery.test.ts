import { eventsTopic, partitionOf } from "@posthorn/bus";
import { Attempt_Outcome, Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
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

/** A workspace with one webhook to a receiver that answers as told. */
async function setup(
  answers: NonNullable<Parameters<typeof receiver>[0]>["answers"] = [200],
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const webhook = harness.subscription.addWebhook(workspace, {
    url: target.url,
    ...options,
  });
  const ended = (state: Delivery_State, count = 1) =>
    eventually(async () => {
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace, state });
      expect(deliveries).toHaveLength(count);
      return deliveries;
    });
  return { target, workspace, webhook, ended };
}

describe("an event", () => {
  it("arrives signed, with the bytes of its data, and is shown with its attempt", async () => {
    const { target, workspace, webhook, ended } = await setup();
    const data = '{"b":12345678901234567890123,"a":"\\u00e9 "}';
    const [id] = await harness.publish(workspace, { data });
    const [request] = await target.next();
    expect(request?.body.toString()).toBe(
      `{"type":"order.created","timestamp":"2024-01-15T10:30:00Z","data":${data}}`,
    );
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Demo-Webhooks/1.0",
      "webhook-id": id,
    });
    const verify = () =>
      new Webhook(webhook.secret).verify(
        request?.body ?? "",
        request?.headers as Record<string, string>,
      );
    expect(verify).not.toThrow();
    const [shown] = await ended(Delivery_State.SUCCEEDED);
    expect(shown).toMatchObject({ event: id, attemptCount: 1, failureCount: 0 });
    const { attempts } = await delivery.deliveries.listAttempts({
      workspace,
      delivery: shown?.id ?? "",
    });
    expect(attempts).toMatchObject([
      { number: 1, statusCode: 200, outcome: Attempt_Outcome.SUCCEEDED, url: target.url },
    ]);
    const event = await delivery.events.getEvent({ workspace, event: id ?? "" });
    expect(Buffer.from(event.data).toString()).toBe(data);
    expect(event.deliveries.map((one) => one.id)).toEqual([shown?.id]);
  });

  it("goes to each webhook that subscribes its type, and one that fails does not hold others", async () => {
    const { target, workspace, ended } = await setup([500], { delaysMs: [] });
    const good = await receiver();
    harness.subscription.addWebhook(workspace, { url: good.url, eventTypes: ["order.*"] });
    harness.subscription.addWebhook(workspace, { url: good.url, eventTypes: ["order.created"] });
    harness.subscription.addWebhook(workspace, { url: good.url, eventTypes: ["invoice.paid"] });
    await harness.publish(workspace, {});
    await good.next(2);
    await target.next();
    await ended(Delivery_State.SUCCEEDED, 2);
    await ended(Delivery_State.EXHAUSTED);
  });

  it("is delivered once although the log holds it twice", async () => {
    const { target, workspace, ended } = await setup();
    const id = newId("evt");
    await harness.publish(workspace, { id }, { id });
    await harness.publish(workspace, { id }, {});
    await target.next(2);
    await ended(Delivery_State.SUCCEEDED, 2);
    expect(target.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
  });

  it("that cannot be read is parked and the next one arrives", async () => {
    const { target, workspace } = await setup();
    const poison = {
      partition: partitionOf(workspace, 4),
      key: null,
      value: Buffer.from([255, 1]),
      headers: {},
    };
    await harness.bus.publish(eventsTopic, [poison]);
    await harness.publish(workspace, {});
    await target.next();
  });

  it("that bears U+0000 is parked, and does not end the process", async () => {
    const { target, workspace } = await setup();
    await harness.publish(workspace, { type: "order\u0000" }, {});
    await target.next();
  });
});

describe("an event that cannot be stored", () => {
  it("is parked after its third try, alone, and those around it are stored", async () => {
    const { ended, workspace } = await setup();
    const client = new Client({ connectionString: harness.url });
    await client.connect();
    // A table stands where the day's partition should be, so that no row of that day fits.
    await client.query("create table delivery.event_19990101 ()");
    const id = newId("evt", Date.UTC(1999, 0, 1));
    const [before, , after] = await harness.publish(workspace, {}, { id }, {});
    const stored = await ended(Delivery_State.SUCCEEDED, 2);
    expect(stored.map(({ event }) => event)).toEqual(expect.arrayContaining([before, after]));
    const { rows } = await client.query(
      "select error from delivery.parked_record where error like '%event_19990101%'",
    );
    expect(rows).toHaveLength(1);
    await client.end();
  });

  it("at once, because Postgres broke off, is stored later and not sent again", async () => {
    const { target, ended, workspace } = await setup();
    const client = new Client({ connectionString: harness.url });
    onTestFinished(() => client.end());
    await client.connect();
    await client.query("begin");
    const locked = "select from delivery.progress where partition = $1 for update";
    await client.query(locked, [partitionOf(workspace, 4)]);
    await harness.publish(workspace, {});
    await target.next();
    await eventually(async () => {
      // What a transaction sees of other connections stands still otherwise.
      await client.query("select pg_stat_clear_snapshot()");
      const { rows } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'
           and query like '/*fan-out%'`,
      );
      expect(rows).toHaveLength(1);
    });
    await client.query("commit");
    const [stored] = await ended(Delivery_State.SUCCEEDED);
    expect(stored).toMatchObject({ attemptCount: 1 });
    expect(target.requests).toHaveLength(1);
  });
});

describe("a failed attempt", () => {
  it("is tried again after the schedule's wait and then succeeds", async () => {
    const { target, ended, workspace } = await setup([500, 200], { delaysMs: [200] });
    await harness.publish(workspace, {});
    const [first, second] = await target.next(2);
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(200);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toEqual(first?.body);
    const [shown] = await ended(Delivery_State.SUCCEEDED);
    expect(shown).toMatchObject({ attemptCount: 2, failureCount: 1 });
  });

  it("is the last one when no wait is left: EXHAUSTED", async () => {
    const { workspace, ended } = await setup([500], { delaysMs: [20] });
    await harness.publish(workspace, {});
    const [shown] = await ended(Delivery_State.EXHAUSTED);
    expect(shown).toMatchObject({ attemptCount: 2, failureCount: 2 });
    expect(shown?.nextAttemptTime).toBeUndefined();
  });

  it("with Retry-After stops the whole webhook for that long", async () => {
    const { target, workspace } = await setup(
      [{ status: 429, headers: { "retry-after": "1" } }, 200],
      { delaysMs: [10] },
    );
    await harness.publish(workspace, {});
    const [first] = await target.next();
    await harness.publish(workspace, {});
    await target.next(2);
    const waits = target.requests.slice(1).map((r) => r.receivedAtMs - (first?.receivedAtMs ?? 0));
    for (const waitMs of waits) expect(waitMs).toBeGreaterThanOrEqual(990);
  });

  it.each([
    ["hang", Attempt_Outcome.TIMEOUT],
    ["drip", Attempt_Outcome.TIMEOUT],
    ["reset", Attempt_Outcome.CONNECT_ERROR],
  ] as const)("by a receiver that answers with %s costs one attempt", async (answer, outcome) => {
    const { workspace, ended } = await setup([answer], { delaysMs: [], timeoutMs: 1_000 });
    await harness.publish(workspace, {});
    const [shown] = await ended(Delivery_State.EXHAUSTED);
    expect(shown?.lastAttempt).toMatchObject({ outcome });
  });

  it("to a receiver that is not there is a connect error", async () => {
    const { target, workspace, ended } = await setup([200], { delaysMs: [] });
    await target.close();
    await harness.publish(workspace, {});
    const [shown] = await ended(Delivery_State.EXHAUSTED);
    expect(shown?.lastAttempt?.outcome).toBe(Attempt_Outcome.CONNECT_ERROR);
  });
});

describe("a webhook without a secret", () => {
  it("gets deliveries without a signature where the provider's policy says so", async () => {
    const { subscription } = harness;
    subscription.setProvider("optional", { sendsUnsigned: true });
    const target = await receiver();
    const workspace = subscription.addWorkspace(undefined, "optional");
    subscription.addWebhook(workspace, { url: `${target.url}?unsigned`, hasSecret: false });
    subscription.addWebhook(workspace, { url: `${target.url}?signed` });
    const [id] = await harness.publish(workspace, {});
    const byPath = Map.groupBy(await target.next(2), ({ path }) => path);
    const [unsigned] = byPath.get("/hook?unsigned") ?? [];
    expect(unsigned?.headers).toMatchObject({ "webhook-id": id });
    expect(unsigned?.headers).not.toHaveProperty("webhook-signature");
    const [signed] = byPath.get("/hook?signed") ?? [];
    expect(signed?.headers).toHaveProperty("webhook-signature");
  });

  it("gets nothing elsewhere: its deliveries are parked, visible, and nothing was sent", async () => {
    const { target, workspace, ended } = await setup([200], { hasSecret: false });
    await harness.publish(workspace, {});
    const [shown] = await ended(Delivery_State.CANCELED);
    expect(shown).toMatchObject({ stateReason: "PARKED", attemptCount: 0 });
    expect(target.requests).toEqual([]);
  });
});

describe("410", () => {
  it("disables the webhook, and its delivery is held", async () => {
    const { workspace, webhook, ended } = await setup([410], { delaysMs: [10, 10, 10] });
    await harness.publish(workspace, {});
    await eventually(() => {
      expect(harness.subscription.stateOf(workspace, webhook.id)).toBe("DISABLED");
    });
    const [held] = await ended(Delivery_State.HELD);
    expect(held).toMatchObject({ attemptCount: 1, stateReason: "WEBHOOK_DISABLED" });
  });
});

describe("a webhook that is off", () => {
  it("holds what was pending, skips what is new, and goes on when it is on again", async () => {
    const { target, workspace, webhook, ended } = await setup([500, 200], { delaysMs: [1_000] });
    const [first] = await harness.publish(workspace, {});
    await target.next();
    harness.subscription.setState(workspace, webhook.id, "PAUSED");
    const [second] = await harness.publish(workspace, {});
    const event = await delivery.events.getEvent({ workspace, event: second ?? "" });
    expect(event.deliveries).toEqual([]);
    expect(event.skipped).toMatchObject([{ webhook: webhook.id, reason: "WEBHOOK_PAUSED" }]);
    const [held] = await ended(Delivery_State.HELD);
    expect(held).toMatchObject({ event: first, stateReason: "WEBHOOK_PAUSED" });
    harness.subscription.setState(workspace, webhook.id, "ACTIVE");
    await ended(Delivery_State.SUCCEEDED);
    expect(target.requests).toHaveLength(2);
  });

  it("holds what is new as well when its user wants that, and sends it when it is on again", async () => {
    const { target, workspace, webhook, ended } = await setup([200], {
      state: "PAUSED",
      whenPaused: "HOLD",
    });
    const ids = await harness.publish(workspace, {}, {});
    const held = await ended(Delivery_State.HELD, 2);
    expect(held.map(({ event }) => event).sort()).toEqual([...ids].sort());
    expect(held[0]).toMatchObject({ attemptCount: 0, stateReason: "WEBHOOK_PAUSED" });
    harness.subscription.setState(workspace, webhook.id, "ACTIVE");
    await target.next(2);
    await ended(Delivery_State.SUCCEEDED, 2);
  });

  it("that is deleted ends its open deliveries as CANCELED", async () => {
    const { target, workspace, webhook, ended } = await setup([500], { delaysMs: [60_000] });
    await harness.publish(workspace, {});
    await target.next();
    await ended(Delivery_State.PENDING);
    harness.subscription.deleteWebhook(workspace, webhook.id);
    const [shown] = await ended(Delivery_State.CANCELED);
    expect(shown).toMatchObject({ stateReason: "WEBHOOK_DELETED" });
  });
});

describe("a filter", () => {
  const filter = "event.data.status in ['FULFILLED', 'FAILED_PERMANENTLY']";

  it("lets through what it wants, and the event says what became of the rest", async () => {
    const { target, workspace, webhook, ended } = await setup([200], { filter });
    const [wanted, unwanted, without] = await harness.publish(
      workspace,
      { data: '{"status":"FULFILLED"}' },
      { data: '{"status":"PLACED"}' },
      { data: "{}" },
    );
    const [delivered] = await ended(Delivery_State.SUCCEEDED);
    expect(delivered).toMatchObject({ event: wanted });
    const skippedOf = async (event = "") =>
      (await delivery.events.getEvent({ workspace, event })).skipped;
    expect(await skippedOf(wanted)).toEqual([]);
    expect(await skippedOf(unwanted)).toMatchObject([{ webhook: webhook.id, reason: "FILTERED" }]);
    expect(await skippedOf(without)).toMatchObject([
      { webhook: webhook.id, reason: "FILTER_ERROR", detail: "no field status" },
    ]);
    expect(target.requests).toHaveLength(1);
  });

  it("of one webhook that fails, or takes too long, is nothing to another", async () => {
    const { target, workspace } = await setup([200], { filter: "event.data.items.all(a, true)" });
    const other = await receiver();
    harness.subscription.addWebhook(workspace, { url: other.url, filter: "has(event.data.items)" });
    const items = Array.from({ length: 30_000 }, (_, index) => index);
    const [event] = await harness.publish(workspace, { data: JSON.stringify({ items }) });
    await other.next();
    expect(target.requests).toEqual([]);
    const shown = await delivery.events.getEvent({ workspace, event: event ?? "" });
    expect(shown.skipped).toMatchObject([{ detail: "the filter takes too many steps" }]);
    expect(shown.skippedCount).toBe(1);
  });
});

describe("a user's word", () => {
  it("resends a delivery as a new one with the same webhook-id", async () => {
    const { target, workspace, ended } = await setup();
    const [event] = await harness.publish(workspace, {});
    const [first] = await ended(Delivery_State.SUCCEEDED);
    const resent = await delivery.deliveries.resendDelivery({
      workspace,
      delivery: first?.id ?? "",
    });
    expect(resent.id).not.toBe(first?.id);
    const requests = await target.next(2);
    expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([event, event]);
    await ended(Delivery_State.SUCCEEDED, 2);
  });

  it("cancels a pending delivery, once", async () => {
    const { workspace, ended } = await setup([500], { delaysMs: [60_000] });
    await harness.publish(workspace, {});
    const [pending] = await eventually(async () => {
      const found = await ended(Delivery_State.PENDING);
      expect(found[0]?.attemptCount).toBe(1);
      return found;
    });
    const key = { workspace, delivery: pending?.id ?? "" };
    const canceled = await delivery.deliveries.cancelDelivery(key);
    expect(canceled).toMatchObject({
      state: Delivery_State.CANCELED,
      stateReason: "CANCELED_BY_USER",
    });
    await expect(delivery.deliveries.cancelDelivery(key)).rejects.toMatchObject({
      reason: "precondition",
    });
  });

  it("tests a webhook at once, even while it is off, and reports what came of it", async () => {
    const { target, workspace, webhook } = await setup([200], { state: "PAUSED" });
    const report = await delivery.tests.testWebhook({ workspace, webhook: webhook.id });
    expect(report).toMatchObject({ testsRun: 1, testsSucceeded: 1, testsFailed: 0 });
    expect(target.requests[0]?.body.toString()).toContain('"data":{"orderId":"example"}');
    const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
    expect(deliveries).toMatchObject([{ id: report.tests[0]?.attempt?.delivery }]);
    const { events } = await delivery.events.listEvents({ workspace });
    expect(events).toEqual([]);
  });

  it("refuses to test a type that the webhook does not subscribe", async () => {
    const { workspace, webhook } = await setup([200], { eventTypes: ["order.*"] });
    const request = { workspace, webhook: webhook.id, eventTypes: ["invoice.paid"] };
    await expect(delivery.tests.testWebhook(request)).rejects.toMatchObject({
      reason: "invalid",
      fields: [{ field: "eventTypes" }],
    });
  });
});

describe("lists", () => {
  it("page through all deliveries, newest first, and refuse a token of another filter", async () => {
    const { workspace, ended } = await setup();
    const ids = await harness.publish(workspace, ...Array.from({ length: 25 }, () => ({})));
    await ended(Delivery_State.SUCCEEDED, 25);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await delivery.deliveries.listDeliveries({ workspace, pageSize: 10, pageToken });
      seen.push(...page.deliveries.map(({ event }) => event));
      pageToken = page.nextPageToken || "";
      if (pageToken !== "") {
        const other = { workspace, pageSize: 10, pageToken, eventType: "x" };
        await expect(delivery.deliveries.listDeliveries(other)).rejects.toMatchObject({
          fields: [{ field: "pageToken" }],
        });
      }
    } while (pageToken !== "");
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(25);
  });

  it("find what somebody looks for by an id or the beginning of a type", async () => {
    const { workspace, webhook, ended } = await setup();
    const [event = ""] = await harness.publish(workspace, {}, { type: "invoice.paid" });
    const [one, other] = await ended(Delivery_State.SUCCEEDED, 2);
    const found = async (query: string, more: object = {}) => {
      const request = { workspace, query, ...more };
      const { deliveries } = await delivery.deliveries.listDeliveries(request);
      return deliveries.map(({ id }) => id).sort();
    };
    const both = [one?.id ?? "", other?.id ?? ""].sort();
    const ofEvent = [one, other].flatMap((each) => (each?.event === event ? each.id : []));
    expect(await found(both[0] ?? "")).toEqual([both[0]]);
    expect(await found(event)).toEqual(ofEvent);
    expect(await found(event, { event })).toEqual(ofEvent);
    expect(await found(event, { event: newId("evt") })).toEqual([]);
    expect(await found(webhook.id)).toEqual(both);
    expect(await found("order.")).toEqual(ofEvent);
    expect(await found("rder.")).toEqual([]);
    expect(await found("%")).toEqual([]);
    expect(await found("dlv_x")).toEqual([]);
    expect(await found("o", { eventType: "invoice.paid" })).toEqual([]);
  });

  it("find nothing of another workspace", async () => {
    const { workspace, ended } = await setup();
    const [event] = await harness.publish(workspace, {});
    const [own] = await ended(Delivery_State.SUCCEEDED);
    const other = harness.subscription.addWorkspace();
    const missing = { reason: "not_found" };
    await expect(
      delivery.events.getEvent({ workspace: other, event: event ?? "" }),
    ).rejects.toMatchObject(missing);
    const key = { workspace: other, delivery: own?.id ?? "" };
    await expect(delivery.deliveries.getDelivery(key)).rejects.toMatchObject(missing);
    await expect(delivery.deliveries.resendDelivery(key)).rejects.toMatchObject(missing);
    await expect(delivery.deliveries.cancelDelivery(key)).rejects.toMatchObject(missing);
    await expect(delivery.deliveries.listAttempts(key)).rejects.toMatchObject(missing);
    expect((await delivery.deliveries.listDeliveries({ workspace: other })).deliveries).toEqual([]);
  });
});

describe("watching", () => {
  it("shows attempts as they are recorded", async () => {
    const { workspace, webhook } = await setup();
    const stop = new AbortController();
    const stream = delivery.deliveries.watchAttempts({ workspace }, { signal: stop.signal });
    const first = stream[Symbol.asyncIterator]().next();
    const [event] = await harness.publish(workspace, {});
    expect((await first).value).toMatchObject({ event, webhook: webhook.id, statusCode: 200 });
    stop.abort();
  });
});
