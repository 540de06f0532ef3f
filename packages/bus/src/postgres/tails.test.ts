import { describe, expect, it } from "vitest";
import type { LogRecord } from "../bus.ts";
import { type Tails, tails } from "./tails.ts";

const place = { topicId: 1, partition: 2 };
const when = { appendedAt: new Date("2026-01-01T00:00:00Z"), appendingSinceMs: 1 };

function records(count: number, bytes = 1): LogRecord[] {
  const value = Buffer.alloc(bytes);
  return Array.from({ length: count }, () => ({ partition: 2, key: null, value, headers: {} }));
}

function taken(all: Tails, offset: bigint, recordsMax = 100): bigint[] | undefined {
  return all.take(place, { offset, recordsMax })?.map((record) => record.offset);
}

describe("the tail of a partition", () => {
  it("gives what was appended, from the offset on", () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 5n, records: records(2), ...when });
    all.put(place, { firstOffset: 7n, records: records(1), ...when });
    expect(taken(all, 5n)).toEqual([5n, 6n, 7n]);
    expect(taken(all, 6n, 1)).toEqual([6n]);
    expect(all.take(place, { offset: 7n, recordsMax: 1 })).toMatchObject([
      { offset: 7n, ...when, partition: 2, key: null },
    ]);
  });

  it("tells its readers what is about to be appended", () => {
    const all = tails();
    const told: number[] = [];
    const { release } = all.watch(place, (announced) => told.push(announced.length));
    all.announce(place, records(2));
    all.announce({ topicId: 1, partition: 3 }, records(3));
    release();
    all.announce(place, records(4));
    expect(told).toEqual([2]);
  });

  it("gives nothing below what it has, nor beyond it", () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 5n, records: records(2), ...when });
    expect(taken(all, 4n)).toBeUndefined();
    expect(taken(all, 7n)).toBeUndefined();
    expect(taken(all, 5n)).toBeUndefined();
  });

  it("forgets what lies before a gap, which another process appended", () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 5n, records: records(2), ...when });
    all.put(place, { firstOffset: 9n, records: records(2), ...when });
    expect(taken(all, 5n)).toBeUndefined();
    expect(taken(all, 9n)).toEqual([9n, 10n]);
  });

  it("keeps nothing of partitions that nobody reads here", () => {
    const all = tails();
    all.put(place, { firstOffset: 0n, records: records(1), ...when });
    const { release } = all.watch(place);
    expect(taken(all, 0n)).toBeUndefined();
    all.put(place, { firstOffset: 1n, records: records(1), ...when });
    release();
    all.watch(place);
    expect(taken(all, 1n)).toBeUndefined();
  });

  it("keeps the latest within its bytes", () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 0n, records: records(12, 1024 * 1024), ...when });
    expect(taken(all, 0n)).toBeUndefined();
    expect(taken(all, 11n)).toEqual([11n]);
  });

  it("gives no more bytes at once than a batch may have, but a large record whole", () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 0n, records: records(3, 3 * 1024 * 1024), ...when });
    expect(taken(all, 2n)).toEqual([2n]);
    all.put(place, { firstOffset: 3n, records: records(1, 5 * 1024 * 1024), ...when });
    expect(taken(all, 3n)).toEqual([3n]);
  });
});

describe("room in the tail of a partition", () => {
  const crowded = 300;

  function crowd() {
    const all = tails();
    const { release } = all.watch(place);
    all.put(place, { firstOffset: 0n, records: records(crowded), ...when });
    let isThere = false;
    const room = all.room(place, 1).then(() => {
      isThere = true;
    });
    return { all, release, room, isThere: () => isThere };
  }

  it("is there at once while few records wait, or where nobody reads", async () => {
    const all = tails();
    all.watch(place);
    all.put(place, { firstOffset: 0n, records: records(crowded - 1), ...when });
    await all.room(place, 1);
    await all.room({ topicId: 1, partition: 3 }, 1);
  });

  it("comes when a reader has gone on", async () => {
    const { all, room, isThere } = crowd();
    await Promise.resolve();
    expect(isThere()).toBe(false);
    taken(all, 0n, 1);
    await room;
  });

  it("is taken by those who were let in before, until they have put their records or failed", async () => {
    const all = tails();
    all.watch(place);
    const leave = await all.room(place, crowded);
    let isThere = false;
    const room = all.room(place, 1).then(() => {
      isThere = true;
    });
    await Promise.resolve();
    expect(isThere).toBe(false);
    leave();
    await room;
  });

  it("comes when the reader is gone", async () => {
    const { release, room } = crowd();
    release();
    await room;
  });

  it("is waited for two seconds at most, by a reader that stands still", async () => {
    const beganMs = performance.now();
    await crowd().room;
    expect(performance.now() - beganMs).toBeGreaterThan(1_900);
  });
});
