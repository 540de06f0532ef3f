import { describe, expect, it } from "vitest";
import { virtualClock } from "../testing/virtual-clock.ts";
import type { Planned } from "./fan-out-plan.ts";
import { FirstAttempts, type FirstAttemptsDeps } from "./first-attempts.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Entry } from "./result-writer.ts";
import type { Offered } from "./sender.ts";

const owned: OwnedPartition = {
  partition: 1,
  epoch: "1",
  lost: new AbortController().signal,
  isSafe: () => true,
};
const acceptedAt = new Date("2026-01-01T00:00:00Z");

/**
 * Records with one delivery each, or one record with all, to webhooks that are offered to with
 * these outcomes.
 */
function begin(offers: readonly Offered[], { ageMs = 0, isOneRecord = false } = {}) {
  const clock = virtualClock(new Date(acceptedAt.getTime() + ageMs));
  const items = new Map<string, Item>();
  const told: string[] = [];
  const results = {
    add: (result: { deliveryUuid: string }) => told.push(`result of ${result.deliveryUuid}`),
  };
  const sender = {
    offer(_: unknown, __: unknown, ___: unknown, item: Item) {
      items.set(item.deliveryUuid, item);
      return offers[Number(item.deliveryUuid)];
    },
    onStored: (_: unknown, { uuid }: { uuid: string }) => told.push(`${uuid} is stored`),
    notePace: (webhook: string) => told.push(`${webhook} is slow`),
  };
  const planned = offers.map((_, index): Planned => {
    const uuid = String(index);
    const event = {
      uuid,
      day: "2026-01-01",
      acceptedAt,
      workspaceUuid: "s",
      data: Buffer.from("1"),
    };
    const delivery = { uuid, event, webhookUuid: `w${uuid}`, matchedBy: "" };
    const one = { delivery, webhook: { uuid: `w${uuid}`, state: "ACTIVE" } };
    const record = { offset: BigInt(index), value: event.data, event, deliveries: [one] };
    return record as unknown as Planned;
  });
  const [first] = planned;
  const deliveries = planned.flatMap((one) => one.deliveries);
  const deps = { sender, results, clock };
  const attempts = new FirstAttempts(deps as unknown as FirstAttemptsDeps, owned);
  attempts.add(isOneRecord && first ? [{ ...first, deliveries }] : planned);
  const answer = (uuid: string) => {
    const settled = (isRecorded: boolean) => told.push(`${uuid} settled ${isRecorded}`);
    const entry = { result: { deliveryUuid: uuid }, settled } as unknown as Entry;
    items.get(uuid)?.unwritten?.take?.(entry);
  };
  return { attempts, answer, told, clock, offeredCount: () => items.size };
}

async function given(attempts: FirstAttempts): Promise<(string | undefined)[] | undefined> {
  const records = await attempts.next();
  const shown = records?.map(({ deliveries: [one] }) => one?.result?.deliveryUuid);
  for (const record of records ?? []) record.onWritten();
  return shown;
}

describe("first attempts of a batch", () => {
  it("are written with their results, as soon as the last has answered", async () => {
    const { attempts, answer, told } = begin(["quick", "quick"]);
    const next = given(attempts);
    answer("1");
    answer("0");
    expect(await next).toEqual(["0", "1"]);
    expect(told).toEqual(["0 settled true", "1 settled true"]);
    expect(await attempts.next()).toBeUndefined();
  });

  it.each([["left"], ["slow"]] as const)(
    "are not held up by one behind them that is %s",
    async (offered) => {
      const { attempts, answer } = begin(["quick", offered, "quick"]);
      const next = given(attempts);
      answer("0");
      answer("2");
      expect(await next).toEqual(["0", undefined, "2"]);
    },
  );

  it("are not waited for when they are slow; their results follow", async () => {
    const { attempts, answer, told } = begin(["slow"]);
    const [record] = (await attempts.next()) ?? [];
    answer("0");
    record?.onWritten();
    expect(told).toEqual(["result of 0"]);
  });

  it("are not waited for by events that came long ago", async () => {
    const { attempts, told } = begin(["quick"], { ageMs: 5_001 });
    expect(await given(attempts)).toEqual([undefined]);
    expect(told).toEqual(["w0 is slow", "0 is stored"]);
  });

  it("of one event are waited for as long as one after another answers, and 200 ms more", async () => {
    const { attempts, answer, clock } = begin(["quick", "quick", "quick"], { isOneRecord: true });
    let results: unknown[] | undefined;
    void attempts.next().then((records) => {
      results = records?.[0]?.deliveries.map(({ result }) => result?.deliveryUuid);
    });
    for (const uuid of ["0", "1"]) {
      await clock.advance(150);
      answer(uuid);
    }
    await clock.advance(199);
    expect(results).toBeUndefined();
    await clock.advance(1);
    expect(results).toEqual(["0", "1", undefined]);
  });

  it("of one event are not waited for when it came long ago, whoever still answers", async () => {
    const many = Array.from({ length: 50 }, () => "quick" as const);
    const { attempts, answer, clock } = begin(many, { isOneRecord: true });
    let isWritten = false;
    void attempts.next().then(() => {
      isWritten = true;
    });
    for (let index = 0; index < 33; index += 1) {
      await clock.advance(150);
      answer(String(index));
    }
    expect(isWritten).toBe(false);
    await clock.advance(50);
    expect(isWritten).toBe(true);
  });

  it("are begun as others end: no more than 1,024 wait at a time", async () => {
    const { attempts, answer, offeredCount } = begin(Array(1_100).fill("quick"));
    expect(offeredCount()).toBe(1_024);
    answer("0");
    expect(offeredCount()).toBe(1_025);
    for (let index = 1; index < 128; index += 1) answer(String(index));
    expect((await attempts.next())?.length).toBe(128);
    expect(offeredCount()).toBe(1_100);
  });

  it("that nobody writes are let go", async () => {
    const { attempts, answer, told } = begin(["quick", "quick"]);
    answer("0");
    attempts.drop();
    expect(told).toContain("0 settled false");
    expect(await attempts.next()).toBeUndefined();
  });
});
