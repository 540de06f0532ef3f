import { type Bus, postgresBus } from "@posthorn/bus";
import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { silent, startService } from "../../test/setup.ts";
import { recordDeadLetters } from "../store/dead-letters.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
let bus: Bus;
let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  database = await ingestionDatabase();
  bus = await postgresBus({ url: database.url, log: silent });
  service = await startService({ url: database.url, bus });
});
afterAll(async () => {
  await service.stop();
  await bus.close();
  await database.drop();
});

let providerCount = 0;

async function setup(count: number) {
  providerCount += 1;
  const provider = `p${providerCount}`;
  service.subscription.addProvider(provider);
  const startMs = Date.now() - 60_000;
  const letters = Array.from({ length: count }, (_, index) => ({
    uuid: newUuid(startMs + index),
    provider,
    logId: "log",
    topic: provider,
    partition: 0,
    offset: BigInt(index),
    reason: "INVALID",
    message: "no",
    valueHead: Buffer.from("x"),
    valueSize: 1,
    createdAt: new Date(startMs + index),
  }));
  await recordDeadLetters(database.db, letters);
  const key = service.subscription.addKey(provider);
  return { provider, client: service.deadLetters(key) };
}

const invalid = expect.objectContaining({ reason: "invalid" });

test("lists page by page, newest first, each once", async () => {
  const { client } = await setup(5);
  const first = await client.listDeadLetters({ pageSize: 2 });
  const second = await client.listDeadLetters({ pageSize: 2, pageToken: first.nextPageToken });
  const third = await client.listDeadLetters({ pageSize: 2, pageToken: second.nextPageToken });
  const offsets = [first, second, third].map((page) =>
    page.deadLetters.map((letter) => letter.offset),
  );
  expect(offsets).toEqual([[4n, 3n], [2n, 1n], [0n]]);
  expect(third.nextPageToken).toBe("");
});

test("refuses a page token of another provider, and one that was changed", async () => {
  const mine = await setup(3);
  const other = await setup(3);
  const { nextPageToken: pageToken } = await mine.client.listDeadLetters({ pageSize: 1 });
  await expect(other.client.listDeadLetters({ pageToken })).rejects.toEqual(invalid);
  const changed = `${pageToken.slice(0, -2)}AA`;
  await expect(mine.client.listDeadLetters({ pageToken: changed })).rejects.toEqual(invalid);
});

test.each([-1, 251])("refuses the page size %i", async (pageSize) => {
  const { client } = await setup(0);
  await expect(client.listDeadLetters({ pageSize })).rejects.toEqual(invalid);
});

test("is for operators alone", async () => {
  const { provider } = await setup(0);
  const workspaceKey = service.subscription.addKey(provider, "ws_01h455vb4pex5vsknk084sn02q");
  const list = service.deadLetters(workspaceKey).listDeadLetters({});
  await expect(list).rejects.toEqual(expect.objectContaining({ reason: "forbidden" }));
});
