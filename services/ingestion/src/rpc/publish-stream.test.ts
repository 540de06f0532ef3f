import { type Bus, postgresBus } from "@posthorn/bus";
import { newId } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { loggedEvents, silent, startService } from "../../test/setup.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
let bus: Bus;
let service: Awaited<ReturnType<typeof startService>>;
let publishCalls: number[] = [];
beforeAll(async () => {
  database = await ingestionDatabase();
  bus = await postgresBus({ url: database.url, log: silent });
  const counted: Bus = {
    ...bus,
    publish(topic, records) {
      publishCalls.push(records.length);
      return bus.publish(topic, records);
    },
  };
  service = await startService({ url: database.url, bus: counted });
});
afterAll(async () => {
  await service.stop();
  await bus.close();
  await database.drop();
});

let providerCount = 0;

function setup() {
  providerCount += 1;
  const name = `p${providerCount}`;
  const provider = service.subscription.addProvider(name, ["a"]);
  const workspaceIds = { one: newId("ws"), two: newId("ws") };
  for (const [alias, id] of Object.entries(workspaceIds)) provider.workspaces.set(alias, id);
  publishCalls = [];
  const key = service.subscription.addKey(name);
  return { key, publisher: service.publisher(key), workspaceIds };
}

const message = (index: number, change: object = {}, workspace = "one") => ({
  workspace,
  event: { type: "a", data: Buffer.from(String(index)), ...change },
});

async function* messages(...all: readonly ReturnType<typeof message>[]) {
  yield* all;
}

async function* many(count: number) {
  for (let index = 0; index < count; index += 1) {
    yield message(index, {}, index % 2 === 0 ? "one" : "two");
  }
}

const numbers = async (workspaceId: string) =>
  (await loggedEvents(bus, workspaceId)).map(({ data }) => Number(Buffer.from(data).toString()));

test("publishes all, in order within each workspace, in far fewer appends", async () => {
  const { publisher, workspaceIds } = setup();
  const { acceptedCount } = await publisher.streamPublishEvents(many(3_000));
  expect(acceptedCount).toBe(3_000n);
  const all = Array.from({ length: 3_000 }, (_, index) => index);
  expect(await numbers(workspaceIds.one)).toEqual(all.filter((index) => index % 2 === 0));
  expect(await numbers(workspaceIds.two)).toEqual(all.filter((index) => index % 2 === 1));
  expect(publishCalls.length).toBeLessThan(300);
  expect(Math.max(...publishCalls)).toBeLessThanOrEqual(500);
});

test("of nothing accepts nothing", async () => {
  expect((await setup().publisher.streamPublishEvents(messages())).acceptedCount).toBe(0n);
});

test.each([
  ["a wrong event", { type: "unknown" }, "invalid"],
  ["a wrong shape", { type: "" }, "invalid"],
  ["a key that has another body", { idempotencyKey: "k" }, "conflict"],
])("ends at %s, and what came before stays published", async (_, change, reason) => {
  const { publisher, workspaceIds } = setup();
  const before = [message(0, { idempotencyKey: "k" }), message(1)];
  const stream = messages(...before, message(2, change), message(3));
  const end = publisher.streamPublishEvents(stream);
  await expect(end).rejects.toEqual(expect.objectContaining({ reason }));
  expect(await numbers(workspaceIds.one)).toEqual([0, 1]);
});

test("takes keys from its messages and not from a header", async () => {
  const { publisher } = setup();
  const headers = { "idempotency-key": "k" };
  const end = publisher.streamPublishEvents(messages(message(0)), { headers });
  await expect(end).rejects.toEqual(expect.objectContaining({ reason: "invalid" }));
});

test("holds back a producer that is faster than the log", async () => {
  const { publisher } = setup();
  let sent = 0;
  let most = 0;
  const filler = `"${"x".repeat(200_000)}"`;
  async function* heavy() {
    for (; sent < 100; sent += 1) {
      most = Math.max(most, sent - publishCalls.reduce((sum, count) => sum + count, 0));
      yield message(sent, { data: Buffer.from(filler) });
    }
  }
  await publisher.streamPublishEvents(heavy());
  // Two groups of 2 MiB and the messages on their way.
  expect(most).toBeLessThan(30);
});

test("ends when its key is revoked, within seconds", async () => {
  const clock = { nowMs: Date.now() };
  const { subscription } = service;
  const now = () => clock.nowMs;
  const clocked = await startService({ url: database.url, bus, subscription, now });
  const { key, workspaceIds } = setup();
  async function* revoked() {
    yield message(0);
    subscription.revokeKey(key);
    clock.nowMs += 5_001;
    yield message(1);
  }
  const end = clocked.publisher(key).streamPublishEvents(revoked());
  await expect(end).rejects.toEqual(expect.objectContaining({ reason: "unauthenticated" }));
  expect(await numbers(workspaceIds.one)).toEqual([0]);
  await clocked.stop();
});
