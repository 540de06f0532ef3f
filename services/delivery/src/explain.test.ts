import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Delivery_State, Wait_Reason } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { WebhookExplanation_Verdict as Verdict } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { newId } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FakeWebhook } from "./testing/fake-subscription.ts";
import { type DeliveryProcess, deliveryHarness, type TestEvent } from "./testing/harness.ts";

let harness: Awaited<ReturnType<typeof deliveryHarness>>;
let delivery: DeliveryProcess;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
});
afterAll(async () => {
  await delivery.stop();
  await harness.close();
});

type Answers = NonNullable<NonNullable<Parameters<typeof receiver>[0]>["answers"]>;

/** A workspace with one webhook. */
async function setup(answers: Answers = [200], webhook: Partial<FakeWebhook> = {}) {
  const { subscription } = harness;
  const target = await receiver({ answers });
  const workspace = subscription.addWorkspace();
  const { id } = subscription.addWebhook(workspace, { url: target.url, ...webhook });
  const publish = async (event: TestEvent = {}) => {
    const [eventId = ""] = await harness.publish(workspace, event);
    return eventId;
  };
  const explain = async (event: string, named = id) => {
    const { webhooks } = await delivery.events.explainEvent({ workspace, event, webhook: named });
    expect(webhooks).toHaveLength(1);
    return webhooks[0];
  };
  return { target, workspace, webhook: id, publish, explain };
}

describe("why a webhook got an event", () => {
  it("is told with the pattern that matched, and what came of its delivery", async () => {
    const { workspace, publish, explain } = await setup([200], {
      eventTypes: ["invoice.paid", "order.*"],
      filter: "event.data.n > 1",
    });
    const event = await publish({ data: '{"n":2}' });
    await eventually(async () => {
      const explained = await explain(event);
      expect(explained).toMatchObject({
        verdict: Verdict.MATCHED,
        matchedBy: "order.*",
        filter: "event.data.n > 1",
        deleted: false,
        deliveries: [{ state: Delivery_State.SUCCEEDED, matchedBy: "order.*" }],
      });
      expect(explained?.description).toBe(
        "its event type order.* names order.created, and its filter let the event pass",
      );
      expect(explained?.deliveries[0]?.lastAttempt?.verdict).toMatch(
        /^the receiver answered 200 OK in [\d.]+ ms$/,
      );
      expect(explained?.deliveries[0]?.waitingFor).toBeUndefined();
    });
    const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
    expect(deliveries).toMatchObject([{ matchedBy: "order.*" }]);
  });

  it("is told of a test, to the tested webhook alone", async () => {
    const { workspace, webhook } = await setup();
    harness.subscription.addWebhook(workspace, { url: "http://127.0.0.1:1/other" });
    const { tests } = await delivery.tests.testWebhook({ workspace, webhook });
    const event = tests[0]?.attempt?.event ?? "";
    const { webhooks } = await delivery.events.explainEvent({ workspace, event });
    expect(webhooks).toMatchObject([{ webhook, description: "the event was made to test it" }]);
  });
});

describe("why a webhook did not get an event", () => {
  it.each<[string, Partial<FakeWebhook>, Verdict, string]>([
    [
      "its types do not name it",
      { eventTypes: ["invoice.*"] },
      Verdict.NOT_SUBSCRIBED,
      "its event types (invoice.*) do not name order.created",
    ],
    ["its filter said no", { filter: "event.data.n > 1" }, Verdict.FILTERED, "its filter said no"],
    [
      "its filter does not fit the event",
      { filter: "event.data.missing == 1" },
      Verdict.FILTER_ERROR,
      "its filter cannot be evaluated on the event: ",
    ],
    ["it was paused", { state: "PAUSED" }, Verdict.WEBHOOK_PAUSED, "it was paused, and skips"],
    ["it was disabled", { state: "DISABLED" }, Verdict.WEBHOOK_DISABLED, "it was disabled"],
  ])("is told when %s", async (_, webhook, verdict, description) => {
    const { publish, explain } = await setup([200], webhook);
    const event = await publish({ data: '{"n":1}' });
    const explained = await explain(event);
    expect(explained).toMatchObject({ verdict, deliveries: [] });
    expect(explained?.description).toContain(description);
  });

  it("is told when it was created later", async () => {
    const { workspace, publish, explain } = await setup();
    const event = await publish();
    await delivery.events.getEvent({ workspace, event });
    const later = harness.subscription.addWebhook(workspace, { url: "http://127.0.0.1:1/" });
    expect(await explain(event, later.id)).toMatchObject({ verdict: Verdict.CREATED_LATER });
  });

  it("is told when it was paused then and is deleted now", async () => {
    const { workspace, webhook, publish, explain } = await setup([200], { state: "PAUSED" });
    const event = await publish();
    await delivery.events.getEvent({ workspace, event });
    harness.subscription.deleteWebhook(workspace, webhook);
    expect(await explain(event)).toMatchObject({ verdict: Verdict.WEBHOOK_PAUSED, deleted: true });
  });

  it("is told of every webhook when none is named", async () => {
    const { workspace, webhook, publish } = await setup();
    const { subscription } = harness;
    const url = "http://127.0.0.1:1/";
    const off = subscription.addWebhook(workspace, { url, state: "DISABLED" });
    const other = subscription.addWebhook(workspace, { url, eventTypes: ["a.b"] });
    const event = await publish();
    const explained = await delivery.events.explainEvent({ workspace, event });
    expect(explained).toMatchObject({ event, eventType: "order.created" });
    expect(explained.webhooks.map((one) => [one.webhook, one.verdict])).toEqual([
      [webhook, Verdict.MATCHED],
      [off.id, Verdict.WEBHOOK_DISABLED],
      [other.id, Verdict.NOT_SUBSCRIBED],
    ]);
  });

  it("is not told of what nobody knows, nor to another workspace", async () => {
    const { workspace, webhook, publish } = await setup();
    const event = await publish();
    const other = harness.subscription.addWorkspace();
    const notFound = { reason: "not_found" };
    for (const request of [
      { workspace, event, webhook: newId("wh") },
      { workspace, event, webhook: "x" },
      { workspace, event: newId("evt"), webhook },
      { workspace: other, event, webhook },
    ]) {
      await expect(delivery.events.explainEvent(request)).rejects.toMatchObject(notFound);
    }
  });
});

describe("what a delivery waits for", () => {
  /** The only delivery of an event once it has been tried. */
  async function tried({ workspace, publish }: Awaited<ReturnType<typeof setup>>) {
    const event = await publish();
    return eventually(async () => {
      const { deliveries } = await delivery.events.getEvent({ workspace, event });
      expect(deliveries[0]?.attemptCount).toBe(1);
      const key = { workspace, delivery: deliveries[0]?.id ?? "" };
      return delivery.deliveries.getDelivery(key);
    });
  }

  it("is the schedule, until the time of the next attempt", async () => {
    const scene = await setup([500], { delaysMs: [60_000] });
    const shown = await tried(scene);
    expect(shown.waitingFor).toMatchObject({
      reason: Wait_Reason.RETRY,
      until: shown.nextAttemptTime,
    });
    expect(shown.waitingFor?.description).toMatch(/^the retry schedule has it tried again at /);
    expect(shown.lastAttempt?.verdict).toMatch(
      /^the receiver answered 500 Internal Server Error in .* ms; it will be tried again in 1 min/,
    );
  });

  it("is the receiver's Retry-After, where that is longer", async () => {
    const scene = await setup([{ status: 429, headers: { "retry-after": "3600" } }], {
      delaysMs: [10],
    });
    await tried(scene);
    const { workspace } = scene;
    const event = await scene.publish();
    const { deliveries } = await delivery.events.getEvent({ workspace, event });
    expect(deliveries[0]?.waitingFor).toMatchObject({ reason: Wait_Reason.RETRY_AFTER });
    const until = deliveries[0]?.waitingFor?.until;
    expect(until && timestampDate(until).getTime() - Date.now()).toBeGreaterThan(3_500_000);
  });

  it("is its webhook, while that is off", async () => {
    const scene = await setup([500], { delaysMs: [60_000] });
    const { id } = await tried(scene);
    const { workspace, webhook } = scene;
    harness.subscription.setState(workspace, webhook, "PAUSED");
    const shown = await delivery.deliveries.getDelivery({ workspace, delivery: id });
    expect(shown).toMatchObject({
      state: Delivery_State.HELD,
      waitingFor: { reason: Wait_Reason.PAUSED },
    });
    expect(shown.lastAttempt?.verdict).toContain("when the webhook is no longer paused");
  });

  it("is nothing once it has ended, and its attempts tell the story", async () => {
    const { workspace, publish } = await setup([500, 503], { delaysMs: [20] });
    const event = await publish();
    const ended = await eventually(async () => {
      const { deliveries } = await delivery.events.getEvent({ workspace, event });
      expect(deliveries[0]?.state).toBe(Delivery_State.EXHAUSTED);
      return deliveries[0];
    });
    expect(ended?.waitingFor).toBeUndefined();
    const key = { workspace, delivery: ended?.id ?? "" };
    const { attempts } = await delivery.deliveries.listAttempts(key);
    expect(attempts[0]?.verdict).toMatch(
      /500 Internal Server Error in .*; it was tried again .* later$/,
    );
    expect(attempts[1]?.verdict).toMatch(/503 Service Unavailable in .*; it was the last attempt/);
  });

  /** What the newest event's only delivery waits for, once that is `reason`. */
  async function eventuallyWaits(workspace: string, event: string, reason: Wait_Reason) {
    return eventually(async () => {
      const { deliveries } = await delivery.events.getEvent({ workspace, event });
      expect(deliveries[0]?.waitingFor?.reason).toBe(reason);
      return deliveries[0]?.waitingFor;
    });
  }

  it("is the answer, and behind it a place at the webhook", async () => {
    const { workspace, publish } = await setup(["hang"], { inFlightMax: 1, delaysMs: [] });
    const first = await publish();
    const second = await publish();
    await eventuallyWaits(workspace, first, Wait_Reason.ANSWER);
    await eventuallyWaits(workspace, second, Wait_Reason.IN_FLIGHT);
  });

  it("is the rate limit, which the attempt remembers", async () => {
    const { workspace, publish } = await setup([200], { ratePerSecond: 2 });
    await publish();
    await publish();
    const third = await publish();
    const waits = await eventuallyWaits(workspace, third, Wait_Reason.RATE_LIMIT);
    expect(waits?.description).toBe("its turn comes under the limit of 2 a second");
    await eventually(async () => {
      const { deliveries } = await delivery.events.getEvent({ workspace, event: third });
      expect(deliveries[0]?.state).toBe(Delivery_State.SUCCEEDED);
      const reasons = deliveries[0]?.lastAttempt?.waits.map(({ reason }) => reason);
      expect(reasons).toContain(Wait_Reason.RATE_LIMIT);
    });
  });

  it("is the breaker, once the receiver is down", async () => {
    const { workspace, target, publish } = await setup([200], { delaysMs: [] });
    await target.close();
    for (let count = 0; count < 10; count += 1) await publish();
    await eventually(async () => {
      const state = Delivery_State.EXHAUSTED;
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace, state });
      expect(deliveries).toHaveLength(10);
    });
    const event = await publish();
    const waits = await eventuallyWaits(workspace, event, Wait_Reason.BREAKER);
    expect(waits?.description).toMatch(/^its webhook's receiver is spared \(10 attempts in a row/);
    expect(waits?.until).toBeDefined();
  });
});
