import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { eventually, type Receiver, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Answers = NonNullable<NonNullable<Parameters<typeof receiver>[0]>["answers"]>;
type Harness = Awaited<ReturnType<typeof deliveryHarness>>;

async function setup(
  answers: Answers,
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const harness = await deliveryHarness();
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const hook = { url: target.url, ...options };
  const { id: webhook } = harness.subscription.addWebhook(workspace, hook);
  const client = new Client({ connectionString: harness.url });
  await client.connect();
  const ended = (process: DeliveryProcess, state: Delivery_State, count: number) =>
    eventually(
      async () => {
        const request = { workspace, state, pageSize: 250 };
        const { deliveries } = await process.deliveries.listDeliveries(request);
        expect(deliveries).toHaveLength(count);
        return deliveries;
      },
      { timeoutMs: 20_000 },
    );
  return {
    ...{ harness, target, workspace, webhook, client, ended },
    publish: (count: number, from = 0) =>
      harness.publish(
        workspace,
        ...Array.from({ length: count }, (_, n) => ({ data: String(from + n) })),
      ),
    /** When attempts began, once so many are recorded. */
    startsMs: (count: number) =>
      eventually(async () => {
        const sql = "select started_at from delivery.attempt order by started_at";
        const { rows } = await client.query<{ started_at: Date }>(sql);
        expect(rows.length).toBeGreaterThanOrEqual(count);
        return rows.map((row) => row.started_at.getTime());
      }),
    /** What happens when a process is killed: nothing of it goes on, and its leases lapse. */
    async crash() {
      await client.query("update delivery.partition set epoch = epoch + 1, owner = 'nobody'");
      await client.query("update delivery.partition set owner = null, lease_until = '-infinity'");
    },
    async close(...processes: readonly DeliveryProcess[]) {
      for (const process of processes) await process.stop();
      await client.end();
      await harness.close();
    },
  };
}

const sentOf = ({ requests }: Receiver) =>
  requests.map(({ body }) => JSON.parse(body.toString()).data as number);
const timesOf = ({ requests }: Receiver) => requests.map(({ receivedAtMs }) => receivedAtMs);

/** How many of requests that take so long were under way together, at most. */
function atOnceMax(target: Receiver, durationMs: number): number {
  const times = timesOf(target);
  return Math.max(
    ...times.map((atMs) => times.filter((t) => t <= atMs && t > atMs - durationMs).length),
  );
}

describe("when a partition is handed over", () => {
  it("a rate limit goes on where it stood", async () => {
    const { harness, target, publish, startsMs, close } = await setup([200], {
      ratePerSecond: 0.5,
    });
    const first = await harness.start();
    await publish(3);
    await target.next();
    const second = await harness.start();
    await first.stop();
    await target.next(2);
    const [a = 0, b = 0, c = 0] = await startsMs(3);
    expect(b - a).toBeGreaterThan(1_850);
    expect(c - b).toBeGreaterThan(1_850);
    await close(second);
  });

  it("no more POSTs are under way than the webhook may have", async () => {
    const { harness, target, publish, ended, close } = await setup(
      [{ status: 200, delayMs: 400 }],
      { inFlightMax: 3 },
    );
    const first = await harness.start();
    await publish(15);
    await target.next(6);
    const second = await harness.start();
    await first.stop();
    await ended(second, Delivery_State.SUCCEEDED, 15);
    expect(atOnceMax(target, 350)).toBeLessThanOrEqual(3);
    expect(target.requests).toHaveLength(15);
    await close(second);
  });

  it("a breaker stays open for the next owner", async () => {
    const { harness, target, client, publish, close } = await setup(["reset"], {
      inFlightMax: 1,
      delaysMs: [60_000],
    });
    const first = await harness.start();
    await publish(12);
    await eventually(async () => {
      const { rows } = await client.query("select breaker_state from delivery.lane");
      expect(rows).toEqual([{ breaker_state: "OPEN" }]);
    });
    const openedAtMs = Date.now();
    await first.stop();
    const second = await harness.start();
    const [probe] = (await target.next(11, 15_000)).slice(10);
    expect((probe?.receivedAtMs ?? 0) - openedAtMs).toBeGreaterThan(8_000);
    await close(second);
  });

  it("order holds", async () => {
    const { harness, target, publish, ended, close } = await setup([{ status: 200, delayMs: 20 }], {
      isOrdered: true,
    });
    const first = await harness.start();
    const publishing = [publish(20), publish(20, 20)];
    await target.next(10);
    const second = await harness.start();
    await first.stop();
    await Promise.all(publishing);
    await publish(10, 40);
    await ended(second, Delivery_State.SUCCEEDED, 50);
    expect(sentOf(target)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    await close(second);
  });
});

describe("when a process crashes", () => {
  it("a rate limit below one a second is not broken", async () => {
    const { harness, target, publish, startsMs, crash, close } = await setup([200], {
      ratePerSecond: 0.4,
    });
    const first = await harness.start();
    await publish(3);
    await target.next();
    await startsMs(1);
    await crash();
    const second = await harness.start();
    await target.next(1);
    const [a = 0, b = 0] = await startsMs(2);
    expect(b - a).toBeGreaterThan(2_350);
    await close(first, second);
  });

  it("order holds, and what was under way is sent again before what follows", async () => {
    const { harness, target, publish, crash, ended, close } = await setup([200, 200, "hang", 200], {
      isOrdered: true,
      timeoutMs: 20_000,
    });
    const first = await harness.start();
    await publish(6);
    await target.next(3);
    await crash();
    const second = await harness.start();
    await ended(second, Delivery_State.SUCCEEDED, 6);
    expect(sentOf(target)).toEqual([0, 1, 2, 2, 3, 4, 5]);
    await target.close();
    await close(first, second);
  });
});
