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

async function setup(
  answers: NonNullable<Parameters<typeof receiver>[0]>["answers"] = [200],
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const { id } = harness.subscription.addWebhook(workspace, { url: target.url, ...options });
  const publish = (count: number) =>
    harness.publish(workspace, ...Array.from({ length: count }, () => ({})));
  const lane = () =>
    eventually(async () => {
      const sql = "select * from delivery.lane where webhook_id = $1";
      const { rows } = await client.query(sql, [idToUuid("wh", id)]);
      expect(rows).toHaveLength(1);
      return rows[0];
    });
  /** When attempts were begun: a busy machine's receiver hears of several at once. */
  const starts = (count: number) =>
    eventually(async () => {
      const sql = "select started_at from delivery.attempt where workspace_id = $1 order by 1";
      const { rows } = await client.query(sql, [idToUuid("ws", workspace)]);
      expect(rows).toHaveLength(count);
      return rows.map((row) => row.started_at.getTime());
    });
  const list = async (state: Delivery_State) =>
    (await delivery.deliveries.listDeliveries({ workspace, state, pageSize: 250 })).deliveries;
  const health = async () => {
    const request = { workspaceId: workspace, webhookIds: [id] };
    return (await delivery.health.getWebhookHealth(request)).healths[0];
  };
  return { target, workspace, webhook: id, publish, lane, list, starts, health };
}

describe("a rate limit", () => {
  it("holds from the first delivery on, however many wait", async () => {
    const { publish, list, starts } = await setup([200], { ratePerSecond: 50 });
    await publish(200);
    const times = await starts(200);
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    expect(last - first).toBeGreaterThan(((200 - 6) / 50) * 1000 * 0.95);
    expect(last - first).toBeLessThan((200 / 50) * 1000 * 1.25);
    const perSecond = times.filter((atMs) => atMs >= first + 1000 && atMs < first + 2000).length;
    expect(perSecond).toBeLessThanOrEqual(50 + 6);
    const [shown] = await list(Delivery_State.SUCCEEDED);
    expect(shown?.attemptCount).toBe(1);
  });

  it("is told as what a delivery waited for", async () => {
    const { target, publish, workspace } = await setup([200], { ratePerSecond: 4 });
    await publish(3);
    await target.next(3);
    const { rows } = await eventually(async () => {
      const sql = "select timings from delivery.attempt where workspace_id = $1";
      const found = await client.query(sql, [idToUuid("ws", workspace)]);
      expect(found.rows).toHaveLength(3);
      return found;
    });
    const waits = rows.map(({ timings }) => JSON.parse(timings).waits?.RATE_LIMIT ?? 0);
    expect(Math.max(...waits)).toBeGreaterThan(250);
    expect(Math.max(...waits)).toBeLessThan(1_500);
  });
});

describe("a receiver that has too much to do", () => {
  it.each([429, 503])("and says so by %i gets half as much at once", async (status) => {
    const { publish, lane } = await setup([status, 200], { inFlightMax: 8, delaysMs: [60_000] });
    await publish(1);
    expect(await lane()).toMatchObject({ concurrency: 4, breaker_state: "CLOSED" });
  });

  it("and answers too late gets half as much at once", async () => {
    const { publish, lane } = await setup(["hang"], {
      inFlightMax: 8,
      delaysMs: [60_000],
      timeoutMs: 1_000,
    });
    await publish(1);
    expect(await lane()).toMatchObject({ concurrency: 4 });
  });

  it("gets all that it may have again when it succeeds", async () => {
    const { target, publish, lane } = await setup([503, 200], { inFlightMax: 2, delaysMs: [] });
    await publish(1);
    expect(await lane()).toMatchObject({ concurrency: 1 });
    await target.next();
    await publish(5);
    await eventually(async () => expect(await lane()).toMatchObject({ concurrency: null }));
  });

  it("gets nothing at all while it asks by Retry-After to be left alone", async () => {
    const answers = [{ status: 429, headers: { "retry-after": "2" } }, 200];
    const { target, publish } = await setup(answers, { inFlightMax: 1, delaysMs: [10] });
    await publish(5);
    const [first] = await target.next();
    await publish(5);
    const later = await target.next(10);
    for (const { receivedAtMs } of later) {
      expect(receivedAtMs - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(1_990);
    }
  });
});

describe("a breaker", () => {
  it("opens after ten attempts that reach nobody; what waits spends none; one probe closes it", async () => {
    const options = { inFlightMax: 1, delaysMs: [60_000] };
    const { target, publish, list, health } = await setup(["reset"], options);
    await publish(15);
    const open = await eventually(async () => {
      const shown = await health();
      expect(shown?.breakerState).toBe(2); // OPEN
      return shown;
    });
    expect(open?.breakerReason).toMatch(/^10 attempts in a row did not reach it: .+/);
    expect(target.requests).toHaveLength(10);
    target.answer(200);
    const [probe] = (await target.next(11, 15_000)).slice(10);
    const openedAtMs = target.requests[9]?.receivedAtMs ?? 0;
    expect((probe?.receivedAtMs ?? 0) - openedAtMs).toBeGreaterThan(9_500);
    await eventually(async () => expect(await list(Delivery_State.SUCCEEDED)).toHaveLength(5));
    await eventually(async () => expect((await health())?.breakerState).toBe(1)); // CLOSED
    const tried = (await list(Delivery_State.PENDING)).map(({ attemptCount }) => attemptCount);
    expect(tried).toEqual(Array(10).fill(1));
  });

  it("closes at once when the webhook leads elsewhere", async () => {
    const options = { inFlightMax: 1, delaysMs: [60_000] };
    const { target, workspace, webhook, publish, health } = await setup(["reset"], options);
    await publish(12);
    await eventually(async () => expect((await health())?.breakerState).toBe(2));
    expect(target.requests).toHaveLength(10);
    const elsewhere = await receiver();
    harness.subscription.setUrl(workspace, webhook, elsewhere.url);
    await elsewhere.next(2, 5_000);
    await eventually(async () => expect((await health())?.breakerState).toBe(1));
  });
});

describe("a million retries and replays", () => {
  it("do not stand in front of a fresh delivery", async () => {
    const { target, publish, workspace, webhook, list } = await setup([500, 200], {
      ratePerSecond: 5,
      delaysMs: [60_000],
    });
    await publish(1);
    await eventually(async () => expect(await list(Delivery_State.PENDING)).toHaveLength(1));
    // As many as make reading them all noticeable, of each class, due for long.
    await client.query(
      `insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count, class)
      select s.partition, s.webhook_id, now() - interval '1 hour', gen_random_uuid(), s.day,
        s.event_id, s.workspace_id, c, c
      from delivery.schedule s, generate_series(1, 2) c, generate_series(1, 5000)
      where s.webhook_id = $1`,
      [idToUuid("wh", webhook)],
    );
    const woken = await client.query(
      "select partition from delivery.schedule where webhook_id = $1 limit 1",
      [idToUuid("wh", webhook)],
    );
    const payload = `${woken.rows[0].partition} ${idToUuid("wh", webhook)} ${idToUuid("ws", workspace)}`;
    await client.query("select pg_notify('posthorn_due', $1)", [payload]);
    await target.next(4);
    const publishedAtMs = Date.now();
    const [fresh] = await publish(1);
    await eventually(() => {
      const came = target.requests.find(({ headers }) => headers["webhook-id"] === fresh);
      expect(came?.receivedAtMs).toBeLessThan(publishedAtMs + 1_500);
    });
  });
});
