import { describe, expect, it } from "vitest";
import { type Claimant, type DeliveryClass, type LaneShare, Shares } from "./shares.ts";

interface Lane extends Claimant {
  readonly name: string;
  /** Deliveries that wait, by class. */
  readonly work: number[];
  /** Slots in use, by class. */
  readonly using: number[];
  readonly bytes: number;
}

function setup(slotCount: number) {
  const all = new Shares<Lane>(slotCount);
  const isAble = (lane: Lane, deliveryClass: DeliveryClass) => (lane.work[deliveryClass] ?? 0) > 0;
  function lane(name: string, work: Work, { workspace = name, bytes = 0 } = {}): Lane {
    const share: LaneShare = all.join(workspace);
    const made = { name, share, work: [0, 0, 0], using: [0, 0, 0], bytes };
    add(made, work);
    return made;
  }
  function add(one: Lane, work: Work): void {
    for (const [deliveryClass, count] of [work.first, work.retry, work.replay].entries()) {
      one.work[deliveryClass] = (one.work[deliveryClass] ?? 0) + (count ?? 0);
      if (count) all.wait(one, deliveryClass as DeliveryClass);
    }
  }
  /** Gives slots out as long as somebody may have one, at most so many. Gives the names in turn. */
  function fill(countMax = Number.POSITIVE_INFINITY): string[] {
    const names: string[] = [];
    let searchCount = 0;
    while (names.length < countMax) {
      const turn = all.next(isAble);
      if (!turn && all.isCutShort && searchCount < 100) {
        searchCount += 1;
        continue;
      }
      if (!turn) break;
      const { lane: one, deliveryClass } = turn;
      all.take(one.share, deliveryClass, one.bytes);
      one.work[deliveryClass] = (one.work[deliveryClass] ?? 0) - 1;
      one.using[deliveryClass] = (one.using[deliveryClass] ?? 0) + 1;
      names.push(one.name);
    }
    return names;
  }
  function end(one: Lane, deliveryClass: DeliveryClass, count = 1): void {
    for (let left = count; left > 0; left -= 1) {
      one.using[deliveryClass] = (one.using[deliveryClass] ?? 0) - 1;
      all.giveBack(one.share, deliveryClass);
    }
  }
  return { all, lane, add, fill, end };
}

interface Work {
  readonly first?: number;
  readonly retry?: number;
  readonly replay?: number;
}

const counts = (names: readonly string[]) =>
  Object.fromEntries([...new Set(names)].map((n) => [n, names.filter((m) => m === n).length]));

describe("turns", () => {
  it("go round between workspaces, however many webhooks and deliveries each has", () => {
    const { lane, fill } = setup(100);
    lane("a1", { first: 1000 }, { workspace: "a" });
    lane("a2", { first: 1000 }, { workspace: "a" });
    lane("b", { first: 1000 });
    expect(fill(8)).toEqual(["a1", "b", "a2", "b", "a1", "b", "a2", "b"]);
  });

  it("cost more for large deliveries, so that bytes are shared as well", () => {
    const { lane, fill } = setup(1000);
    lane("large", { first: 100 }, { bytes: 3 * 16_384 });
    lane("small", { first: 100 });
    expect(counts(fill(50))).toEqual({ large: 10, small: 40 });
  });

  it("come to a lane again that left the line when it had nothing to send", () => {
    const { lane, add, fill } = setup(100);
    const a = lane("a", { first: 1 });
    expect(fill()).toEqual(["a"]);
    add(a, { first: 2 });
    expect(fill()).toEqual(["a", "a"]);
  });

  it("pass over workspaces that have left", () => {
    const { all, lane, fill } = setup(100);
    const a = lane("a", { first: 0 });
    all.wait(a, 0);
    all.leave(a.share);
    lane("b", { first: 1 });
    expect(fill()).toEqual(["b"]);
  });
});

describe("slots", () => {
  it("are never exceeded", () => {
    const { all, lane, fill } = setup(20);
    for (const name of ["a", "b", "c"]) lane(name, { first: 100, retry: 100, replay: 100 });
    fill();
    expect(all.usedCount).toBeLessThanOrEqual(20);
    expect(all.next(() => true)).toBeUndefined();
  });

  it("are all used where there is only one", () => {
    const { lane, fill, end } = setup(1);
    const a = lane("a", { replay: 2 });
    expect(fill()).toEqual(["a"]);
    end(a, 2);
    expect(fill()).toEqual(["a"]);
  });

  it("are left for others by a webhook that gives none back, also inside its workspace", () => {
    const { lane, fill } = setup(512);
    lane("hangs", { first: 10_000 }, { workspace: "w" });
    expect(fill().length).toBeLessThanOrEqual(256);
    lane("neighbour", { first: 64 }, { workspace: "w" });
    lane("stranger", { first: 64 });
    expect(counts(fill())).toMatchObject({ neighbour: 64, stranger: 64 });
  });

  it("are left for others by a workspace with fifty webhooks that give none back", () => {
    const { lane, fill } = setup(512);
    for (let n = 0; n < 50; n += 1) lane(`hangs ${n}`, { first: 1000 }, { workspace: "w" });
    fill();
    lane("neighbour", { first: 1 }, { workspace: "w" });
    lane("stranger", { first: 20 });
    expect(counts(fill())).toMatchObject({ neighbour: 1, stranger: 20 });
  });

  it("are not sought twice where a workspace's many webhooks have their share", () => {
    const { all, lane, fill, end } = setup(512);
    const lanes = Array.from({ length: 12 }, (_, index) =>
      lane(`w${index}`, { first: 1_000 }, { workspace: "s" }),
    );
    expect(fill()).toHaveLength(all.usedCount);
    expect(all.usedCount).toBeLessThan(512);
    expect(all.next(() => true)).toBeUndefined();
    expect(all.isCutShort).toBe(false);
    for (const one of lanes) end(one, 0);
    expect(fill()).toHaveLength(lanes.length);
  });

  it("are left by ten such workspaces for an eleventh", () => {
    const { lane, fill } = setup(512);
    for (let n = 0; n < 500; n += 1) {
      lane(`hangs ${n}`, { first: 1000 }, { workspace: `w${n % 10}` });
    }
    fill();
    lane("stranger", { first: 3 });
    expect(counts(fill())).toMatchObject({ stranger: 3 });
  });
});

describe("budgets", () => {
  /** Fifty workspaces, each with one lane, so that no lane's share is what binds. */
  function many(work: Work, slotCount = 100) {
    const scene = setup(slotCount);
    const lanes = Array.from({ length: 50 }, (_, n) => scene.lane(`l${n}`, work));
    return { ...scene, lanes };
  }

  it.each<[string, Work, number[]]>([
    ["are kept when all have work", { first: 99, retry: 99, replay: 99 }, [40, 20, 40]],
    ["are lent to first attempts", { first: 99 }, [98, 0, 0]],
    ["are lent to replays but for a tenth", { replay: 99 }, [0, 0, 90]],
    ["keep 60 % for live traffic that has work", { first: 99, replay: 99 }, [60, 0, 40]],
    ["keep 60 % for retries, too", { retry: 99, replay: 99 }, [0, 50, 40]],
  ])("%s", (_name, work, expected) => {
    const { all, fill } = many(work);
    fill();
    for (const [deliveryClass, count] of expected.entries()) {
      expect(all.usedByClass[deliveryClass]).toBeGreaterThanOrEqual(count - 2);
      expect(all.usedByClass[deliveryClass]).toBeLessThanOrEqual(count + 2);
    }
  });

  it("come back to live traffic as what was lent ends", () => {
    const { all, lanes, add, fill, end } = many({ replay: 99 });
    fill();
    for (const lane of lanes) add(lane, { first: 99 });
    fill();
    expect(all.usedByClass[0]).toBeGreaterThanOrEqual(8);
    for (let n = 0; n < 60; n += 1) {
      const lender = lanes.find(({ using }) => (using[2] ?? 0) > 0);
      if (lender) end(lender, 2);
      fill();
    }
    expect(all.usedByClass[0]).toBeGreaterThanOrEqual(58);
    expect(all.usedByClass[2]).toBeLessThanOrEqual(40);
  });
});
