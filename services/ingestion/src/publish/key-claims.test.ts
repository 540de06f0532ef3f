import { randomUUID } from "node:crypto";
import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import type { KeyClaim } from "../domain/key-claim.ts";
import { keyClaims } from "./key-claims.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
beforeAll(async () => {
  database = await ingestionDatabase();
});
afterAll(() => database.drop());

const day = 24 * 3_600_000;

function setup() {
  const clock = { nowMs: Date.now() };
  const workspaceUuid = newUuid();
  const deps = { db: database.db, newEventUuid: () => newUuid(), nowMs: () => clock.nowMs };
  const claim = (key: string, body = "body"): KeyClaim => ({
    workspaceUuid,
    key,
    bodyHash: Buffer.from(body.padEnd(32)),
    field: "event",
  });
  const count = async () => {
    const rows = database.db
      .selectFrom("idempotency_key")
      .where("workspace_id", "=", workspaceUuid);
    return (await rows.select("key").execute()).length;
  };
  return { clock, claim, count, claimKeys: keyClaims(deps), elsewhere: keyClaims(deps) };
}

const conflict = expect.objectContaining({ reason: "conflict" });

test("gives one key one event for 7 days, and then another", async () => {
  const { clock, claim, claimKeys, count } = setup();
  const [first] = await claimKeys([claim("k")]);
  clock.nowMs += 7 * day;
  expect(first).toMatchObject({ isRepeat: false });
  expect(await claimKeys([claim("k")])).toEqual([{ ...first, isRepeat: true }]);
  await expect(claimKeys([claim("k", "other")])).rejects.toEqual(conflict);
  clock.nowMs += 1;
  const [second] = await claimKeys([claim("k", "other")]);
  expect(second).toMatchObject({ isRepeat: false });
  expect(second?.eventUuid).not.toBe(first?.eventUuid);
  expect(await claimKeys([claim("k", "other")])).toEqual([{ ...second, isRepeat: true }]);
  expect(await count()).toBe(1);
});

test("claims all keys of a request or none", async () => {
  const { claim, claimKeys, count } = setup();
  await claimKeys([claim("taken")]);
  await expect(claimKeys([claim("a"), claim("taken", "other")])).rejects.toEqual(conflict);
  expect(await count()).toBe(1);
});

test("settles many claims at once, from two processes, with one event for each key", async () => {
  const { claim, claimKeys, elsewhere, count } = setup();
  const keys = Array.from({ length: 1_200 }, (_, index) => `k${index % 300}`);
  const shuffled = keys.toSorted(() => Math.random() - 0.5);
  const claims = [
    ...keys.map((key) => claimKeys([claim(key)])),
    ...shuffled.map((key) => elsewhere([claim(key)])),
  ];
  const events = (await Promise.all(claims)).flat();
  expect(new Set(events.map(({ eventUuid }) => eventUuid)).size).toBe(300);
  expect(events.filter(({ isRepeat }) => !isRepeat)).toHaveLength(300);
  expect(await count()).toBe(300);
});

test("does not let one request's conflict reach the others that come with it", async () => {
  const { claim, claimKeys } = setup();
  await claimKeys([claim("taken")]);
  const results = await Promise.allSettled([
    claimKeys([claim("a")]),
    claimKeys([claim("taken", "other")]),
    claimKeys([claim("b")]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("takes any key as plain text", async () => {
  const { claim, claimKeys, count } = setup();
  const keys = ["' or 1=1--", "%", "_", "\\", "{a,b}", '"', "NULL", "x".repeat(256)];
  const events = await claimKeys(keys.map((key) => claim(key)));
  expect(new Set(events.map(({ eventUuid }) => eventUuid)).size).toBe(keys.length);
  expect(await count()).toBe(keys.length);
});

test("refuses as unavailable what is more than may wait", async () => {
  const { claim, claimKeys } = setup();
  const results = await Promise.allSettled(
    Array.from({ length: 250 }, () =>
      claimKeys(Array.from({ length: 100 }, () => claim(randomUUID()))),
    ),
  );
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused.length).toBe(50);
  expect(refused[0]?.reason).toMatchObject({ reason: "unavailable" });
});
