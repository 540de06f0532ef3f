import { randomUUID } from "node:crypto";
import { eventually, testDatabase } from "@posthorn/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { log } from "../../test/address.ts";
import { openPool } from "./connection.ts";
import { ends as startEnds } from "./ends.ts";
import { recordHeartbeat } from "./group.ts";
import { type Notices, notices as startNotices } from "./notices.ts";
import { fromPayload, type Notice, toPayloads } from "./notify.ts";
import { postgresBus } from "./postgres-bus.ts";

describe("notices", () => {
  const group = { topicId: 3, group: "fan-out" };
  const place = { topicId: 3, partition: 7 };

  test("tell another process where partitions end", async () => {
    const { here, there } = await twoProcesses();
    await there.hear(here);
    here.notices.send({ kind: "appended", place, end: 12n });
    here.notices.send({ kind: "appended", place: { ...place, partition: 8 }, end: 5n });
    await eventually(() => {
      expect(there.ends.of(place)).toBe(12n);
      expect(there.ends.of({ ...place, partition: 8 })).toBe(5n);
    });
  });

  test("tell the members of a group, and nobody else, that it changed", async () => {
    const { here, there } = await twoProcesses();
    const heard: string[] = [];
    here.notices.onGroup(group, () => heard.push("here"));
    there.notices.onGroup(group, () => heard.push("there"));
    there.notices.onGroup({ ...group, topicId: 4 }, () => heard.push("another topic's"));
    await there.hear(here);
    here.notices.send({ kind: "group", ...group });
    await eventually(() => expect(heard).toEqual(["here", "there"]));
  });

  test("of appends are kept back for a second after nobody else was there to read", async () => {
    const { here, there } = await twoProcesses({ isReading: false });
    here.notices.send({ kind: "appended", place, end: 1n });
    await here.sent();
    await there.read();
    here.tick(999);
    here.notices.send({ kind: "appended", place, end: 2n });
    await there.hear(here);
    expect(there.ends.of(place)).toBe(0n);
    here.tick(1);
    here.notices.send({ kind: "appended", place, end: 3n });
    await eventually(() => expect(there.ends.of(place)).toBe(3n));
  });
});

describe("a payload", () => {
  const appended = (partition: number): Notice => ({
    kind: "appended",
    place: { topicId: 1, partition },
    end: BigInt(partition) * 1_000_000_007n,
  });
  const group: Notice = { kind: "group", topicId: 2, group: "fan-out.v1" };

  test("says what was sent", () => {
    const notices = [appended(0), group, appended(31)];
    expect(toPayloads(notices).flatMap(fromPayload)).toEqual(notices);
  });

  test("stays below what Postgres takes", () => {
    const notices = Array.from({ length: 1_024 }, (_, partition) => appended(partition));
    const payloads = toPayloads(notices);
    expect(Math.max(...payloads.map((payload) => payload.length))).toBeLessThan(8_000);
    expect(payloads.flatMap(fromPayload)).toEqual(notices);
  });

  test.each(["", "x 1 2 3", "\n"])("that is not known is left out: %j", (payload) => {
    expect(fromPayload(payload)).toEqual([]);
  });
});

/** Two processes' ends of one database; the second one reads. */
async function twoProcesses({ isReading = true } = {}) {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  await (await postgresBus({ url: database.url, log })).close();
  const [here, there] = [process(database.url), process(database.url)];
  if (isReading) await there.read();
  return { here, there };
}

function process(url: string) {
  let nowMs = 10_000;
  const pool = openPool({ url, log, name: "test", connectionCountMax: 1 });
  const busId = randomUUID();
  const ends = startEnds();
  const notices = startNotices({ url, pool, busId, ends, log, now: () => nowMs });
  onTestFinished(async () => {
    await notices.close();
    await pool.end();
  });
  return {
    ends,
    notices,
    tick(ms: number) {
      nowMs += ms;
    },
    /** Has a member in a group. */
    async read() {
      await recordHeartbeat(pool, { topicId: 3, group: "any" }, { memberId: randomUUID(), busId });
    },
    /** The pool has one connection: what comes after has waited for it. */
    async sent() {
      await new Promise(setImmediate);
      await pool.query("select");
    },
    /** Listens, and waits until it has heard all that `other` has sent so far. */
    async hear(other: { notices: Notices }) {
      notices.listen();
      const hello = { topicId: 0, group: randomUUID() };
      let isHeard = false;
      notices.onGroup(hello, () => {
        isHeard = true;
      });
      await eventually(() => {
        other.notices.send({ kind: "group", ...hello });
        expect(isHeard).toBe(true);
      });
    },
  };
}
