import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { idToUuid } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
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

/** A workspace with one webhook that is not tried again, to a receiver that answers as told. */
async function setup(answers: NonNullable<Parameters<typeof receiver>[0]>["answers"]) {
  const target = await receiver({ answers: answers ?? [200] });
  const workspaceId = harness.subscription.addWorkspace();
  const { subscription } = harness;
  const webhook = subscription.addWebhook(workspaceId, { url: target.url, delaysMs: [] });
  const uuid = idToUuid("wh", webhook.id);
  let endedCount = 0;
  return {
    target,
    workspaceId,
    webhookId: webhook.id,
    /** Publishes an event and waits until its only attempt is recorded. */
    async attempt() {
      await harness.publish(workspaceId, {});
      endedCount += 1;
      await eventually(async () => {
        const { deliveries } = await delivery.deliveries.listDeliveries({ workspace: workspaceId });
        expect(deliveries).toHaveLength(endedCount);
        for (const { state } of deliveries) expect(state).not.toBe(Delivery_State.PENDING);
      });
    },
    async health() {
      const request = { workspaceId, webhookIds: [webhook.id] };
      return (await delivery.health.getWebhookHealth(request)).healths[0];
    },
    /** Sets back when the webhook began to fail, and when that was noticed. */
    async age(days: { failing: number; noticed?: number }) {
      await client.query(
        `update delivery.webhook_health set failing_since = now() - $2 * interval '1 day',
          noticed_at = now() - $3::float8 * interval '1 day' where webhook_id = $1`,
        [uuid, days.failing, days.noticed],
      );
    },
    /** What the last result made of the webhook. */
    async verdict() {
      const query = "select verdict from delivery.webhook_health where webhook_id = $1";
      const { rows } = await client.query<{ verdict: string }>(query, [uuid]);
      return rows[0]?.verdict;
    },
    disablings: () =>
      subscription.disablings
        .filter(({ webhookId }) => webhookId === webhook.id)
        .map(({ reason }) => reason),
    state: () => subscription.stateOf(workspaceId, webhook.id),
  };
}

describe("a webhook's health", () => {
  it("counts failures since the last success", async () => {
    const { attempt, health } = await setup([200, 500, 500, 200, 500]);
    await attempt();
    const first = await health();
    expect(first).toMatchObject({ consecutiveFailures: 0 });
    expect(first?.lastFailureTime).toBeUndefined();
    expect(first?.lastSuccessTime).toBeDefined();
    await attempt();
    await attempt();
    const second = await health();
    expect(second).toMatchObject({
      consecutiveFailures: 2,
      lastSuccessTime: first?.lastSuccessTime,
    });
    expect(second?.lastFailureTime).toBeDefined();
    await attempt();
    expect(await health()).toMatchObject({ consecutiveFailures: 0 });
    await attempt();
    expect(await health()).toMatchObject({ consecutiveFailures: 1 });
  });

  it("counts many attempts that are recorded at once", async () => {
    const { workspaceId, health } = await setup([500]);
    await harness.publish(workspaceId, ...Array.from({ length: 40 }, () => ({})));
    await eventually(async () => expect(await health()).toMatchObject({ consecutiveFailures: 40 }));
  });

  it("does not count tests", async () => {
    const { workspaceId, webhookId, health } = await setup([500]);
    await delivery.tests.testWebhook({ workspace: workspaceId, webhook: webhookId });
    expect(await health()).toBeUndefined();
  });

  it("is that of its own workspace only", async () => {
    const { attempt, webhookId } = await setup([200]);
    await attempt();
    const other = harness.subscription.addWorkspace();
    const request = { workspaceId: other, webhookIds: [webhookId] };
    expect((await delivery.health.getWebhookHealth(request)).healths).toEqual([]);
  });
});

describe("a webhook that does nothing but fail", () => {
  it("is noticed after 3 days, once", async () => {
    const { attempt, age, verdict, state } = await setup([500]);
    await attempt();
    await age({ failing: 2.9 });
    await attempt();
    expect(await verdict()).toBe("");
    await age({ failing: 3 });
    await attempt();
    expect(await verdict()).toBe("FAILING");
    await attempt();
    expect(await verdict()).toBe("");
    expect(state()).toBe("ACTIVE");
  });

  it("is disabled after 5 days", async () => {
    const { attempt, age, verdict, state, disablings } = await setup([500]);
    await attempt();
    await age({ failing: 4.9, noticed: 1.9 });
    await attempt();
    expect(await verdict()).toBe("");
    await age({ failing: 5, noticed: 2 });
    await attempt();
    await eventually(() => expect(state()).toBe("DISABLED"));
    expect(disablings()).toEqual(["FAILING"]);
  });

  it("is never disabled before its notice is two days old, however seldom it is tried", async () => {
    const { attempt, age, verdict, state } = await setup([500]);
    await attempt();
    await age({ failing: 20 });
    await attempt();
    expect(await verdict()).toBe("FAILING");
    await attempt();
    expect(await verdict()).toBe("");
    expect(state()).toBe("ACTIVE");
  });

  it("has recovered with the first success after its notice, once", async () => {
    const { attempt, age, verdict } = await setup([500, 500, 200, 200, 500]);
    await attempt();
    await age({ failing: 3 });
    await attempt();
    await attempt();
    expect(await verdict()).toBe("RECOVERED");
    await attempt();
    expect(await verdict()).toBe("");
  });

  it("begins anew after a success", async () => {
    const { attempt, age, verdict } = await setup([500, 200, 500, 500]);
    await attempt();
    await age({ failing: 4, noticed: 1 });
    await attempt();
    await attempt();
    await attempt();
    expect(await verdict()).toBe("");
  });

  it.each([
    [
      "when it has another URL",
      (h: Harness, ws: string, wh: string, url: string) =>
        h.subscription.setUrl(ws, wh, `${url}/other`),
    ],
    [
      "when its user paused it and switched it on again",
      (h: Harness, ws: string, wh: string) => {
        h.subscription.setState(ws, wh, "PAUSED");
        h.subscription.setState(ws, wh, "ACTIVE");
      },
    ],
  ])("begins anew %s", async (_, change) => {
    const { attempt, age, verdict, state, target, workspaceId, webhookId } = await setup([500]);
    await attempt();
    await age({ failing: 6, noticed: 3 });
    change(harness, workspaceId, webhookId, target.url);
    await attempt();
    expect(await verdict()).toBe("");
    await attempt();
    expect(state()).toBe("ACTIVE");
    await age({ failing: 3 });
    await attempt();
    expect(await verdict()).toBe("FAILING");
  });

  it("is not disabled for what came before its user switched it on again", async () => {
    const { attempt, age, verdict, state, workspaceId, webhookId } = await setup([
      500, 500, 500, 200,
    ]);
    await attempt();
    await age({ failing: 5, noticed: 2 });
    await attempt();
    await eventually(() => expect(state()).toBe("DISABLED"));
    harness.subscription.setState(workspaceId, webhookId, "ACTIVE");
    await attempt();
    expect(await verdict()).toBe("");
    await attempt();
    expect(await verdict()).toBe("RECOVERED");
    expect(state()).toBe("ACTIVE");
  });
});

describe("a webhook whose receiver is gone", () => {
  it("is disabled at once, with that reason, and asked for once", async () => {
    const { workspaceId, disablings, state, health } = await setup([410]);
    await harness.publish(workspaceId, ...Array.from({ length: 20 }, () => ({})));
    await eventually(() => expect(state()).toBe("DISABLED"));
    await eventually(async () => expect(await health()).toBeDefined());
    expect(disablings()).toEqual(["GONE"]);
  });
});
