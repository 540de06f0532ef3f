import { partitionOf } from "@posthorn/bus";
import { systemClock } from "@posthorn/runtime";
import { eventually, type Receiver, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

const tickMs = 100;
const tickCount = 50;
/** Generous: the machine has other things to do. */
const lateMsMax = 2_000;

/** A workspace whose events lie in another partition than those of `others`. */
function apartFrom(...others: readonly string[]): string {
  const taken = new Set(others.map((workspace) => partitionOf(workspace, 4)));
  const found = Array.from({ length: 100 }, () => harness.subscription.addWorkspace());
  const apart = found.find((workspace) => !taken.has(partitionOf(workspace, 4)));
  expect(apart).toBeDefined();
  return apart ?? "";
}

/** Calls back ten times a second for five seconds, as clocks do that are not waited for. */
async function everyTick(publish: () => Promise<unknown>): Promise<void> {
  const publishing: Promise<unknown>[] = [];
  for (let tick = 0; tick < tickCount; tick += 1) {
    publishing.push(publish());
    await systemClock.sleep(tickMs);
  }
  await Promise.all(publishing);
}

/** Events that carry the time at which they are published. */
function stamped(count: number, type: string) {
  return Array.from({ length: count }, () => ({ type, data: String(Date.now()) }));
}

function latenessMs({ requests }: Receiver): number[] {
  const late = requests.map(({ body, receivedAtMs }) => {
    return receivedAtMs - JSON.parse(body.toString()).data;
  });
  return late.sort((a, b) => a - b);
}

async function arrivesInTime(target: Receiver, count: number): Promise<void> {
  await eventually(() => expect(target.requests).toHaveLength(count), { timeoutMs: lateMsMax });
  const late = latenessMs(target);
  expect(late[Math.floor(count * 0.99)]).toBeLessThan(lateMsMax);
}

describe("a webhook whose receiver hangs", () => {
  it("takes nothing from its neighbour in the same workspace", async () => {
    const workspace = harness.subscription.addWorkspace();
    const [hanging, well] = [await receiver({ answers: ["hang"] }), await receiver()];
    const hangs = { url: hanging.url, eventTypes: ["hang.it"], timeoutMs: 15_000 };
    harness.subscription.addWebhook(workspace, hangs);
    harness.subscription.addWebhook(workspace, { url: well.url, eventTypes: ["order.created"] });
    await everyTick(() =>
      harness.publish(workspace, ...stamped(5, "hang.it"), ...stamped(10, "order.created")),
    );
    await arrivesInTime(well, 10 * tickCount);
    expect(hanging.requests.length).toBeLessThanOrEqual(64);
    await hanging.close();
  });

  it("takes nothing from others although many of a workspace hang", async () => {
    const workspace = harness.subscription.addWorkspace();
    const [hanging, well] = [await receiver({ answers: ["hang"] }), await receiver()];
    for (let n = 0; n < 20; n += 1) {
      const hangs = { url: `${hanging.url}?${n}`, eventTypes: ["hang.it"], timeoutMs: 15_000 };
      harness.subscription.addWebhook(workspace, hangs);
    }
    const other = harness.subscription.addWorkspace();
    for (const each of [workspace, other]) {
      harness.subscription.addWebhook(each, { url: well.url, eventTypes: ["order.created"] });
    }
    await harness.publish(workspace, ...stamped(100, "hang.it"));
    await eventually(() => expect(hanging.requests.length).toBeGreaterThan(100));
    await everyTick(async () => {
      await harness.publish(workspace, ...stamped(2, "order.created"));
      await harness.publish(other, ...stamped(2, "order.created"));
    });
    await arrivesInTime(well, 4 * tickCount);
    await hanging.close();
  });
});

describe("a workspace that floods", () => {
  it("delays another one's events no more than moments", async () => {
    const flooding = harness.subscription.addWorkspace();
    const calm = apartFrom(flooding);
    const [busy, well] = [await receiver(), await receiver()];
    for (const url of [busy.url, `${busy.url}?2`])
      harness.subscription.addWebhook(flooding, { url });
    harness.subscription.addWebhook(calm, { url: well.url });
    const flood = Array.from({ length: 20 }, () =>
      harness.publish(flooding, ...stamped(250, "order.created")),
    );
    await everyTick(() => harness.publish(calm, ...stamped(2, "order.created")));
    await arrivesInTime(well, 2 * tickCount);
    await Promise.all(flood);
    await eventually(() => expect(busy.requests).toHaveLength(10_000), { timeoutMs: 60_000 });
  }, 90_000);
});
