import type { EgressRequest, EgressResult } from "@posthorn/egress";
import { logger, metrics } from "@posthorn/runtime";
import { newSecret } from "@posthorn/signature";
import { describe, expect, it } from "vitest";
import type { DeliveryClass } from "../domain/shares.ts";
import { deliveryMetrics } from "../metrics.ts";
import type { LaneState } from "../store/lanes.ts";
import type { Result } from "../store/result.ts";
import { heldKey } from "../store/results.ts";
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import { ResultWriter } from "./result-writer.ts";
import { Sender, type SenderDeps } from "./sender.ts";
import type { KnownWebhook, KnownWorkspace } from "./subscriptions.ts";

const log = logger({ name: "test", level: "silent" });
const secret = newSecret();

/** What a receiver does with a delivery: after so long, a status, or a failure. */
interface Answer {
  readonly afterMs?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly failure?: EgressResult["failure"];
}

interface Row {
  readonly deliveryUuid: string;
  readonly webhookUuid: string;
  deliveryClass: DeliveryClass;
  dueMs: number;
  attemptCount: number;
}

/** A partition in memory, the real sender over it, and receivers that answer as told. */
function setup(options: { slotCount?: number; states?: readonly LaneState[] } = {}) {
  const clock = virtualClock();
  const rows = new Map<string, Row>();
  const sent: { readonly webhook: string; readonly delivery: string; readonly atMs: number }[] = [];
  const saved: LaneState[] = [];
  const results: Result[] = [];
  const happened: string[] = [];
  const answers = new Map<string, (delivery: string) => Answer>();
  const webhooks = new Map<string, KnownWebhook>();
  const workspaces = new Map<string, KnownWorkspace>();
  const owned: OwnedPartition = {
    partition: 1,
    epoch: "1",
    lost: new AbortController().signal,
    isSafe: () => true,
  };
  const store = memoryStore();
  const writer = new ResultWriter({
    store: { recordResults: async (written) => record(written) },
    log,
    clock,
    endsTold: { exhausted: false, succeeded: false } as never, // nobody is told
    onNotice: () => {},
  });
  const subscriptions = {
    fresh: (uuid: string) => workspaces.get(uuid),
    latest: (uuid: string) => workspaces.get(uuid),
    current: async (uuid: string) => workspaces.get(uuid),
    sync: async () => {},
  };
  const deps = {
    store,
    send,
    subscriptions,
    results: writer,
    isWatched: () => false,
    log,
    metrics: deliveryMetrics(metrics()),
    clock,
    random: () => 0,
  };
  // Only what the sender asks for is there.
  const sender = new Sender(deps as unknown as SenderDeps, {
    slotCount: options.slotCount ?? 64,
    stopGraceMs: 0,
  });

  return { clock, rows, sent, saved, results, happened, owned, sender, add, due, countOf };

  /** Adds a webhook of a workspace, and how its receiver answers. */
  function add(
    uuid: string,
    answer: (delivery: string) => Answer,
    { workspace = "s", ...rules }: Partial<KnownWebhook> & { workspace?: string } = {},
  ): void {
    answers.set(`https://${uuid}/`, answer);
    const known = { ...plainWebhook(uuid), ...rules };
    webhooks.set(uuid, known);
    const others = workspaces.get(workspace)?.webhooks ?? new Map();
    const all = new Map([...others, [uuid, known]]);
    const provider = { name: "demo", signatures: [{ scheme: "standard" }], userAgent: "x" };
    workspaces.set(workspace, { uuid: workspace, provider, webhooks: all } as never); // what is read
  }

  /** Puts deliveries into the schedule, due now, and wakes the sender. */
  function due(
    webhookUuid: string,
    count: number,
    {
      deliveryClass = 0,
      workspace = "s",
    }: { deliveryClass?: DeliveryClass; workspace?: string } = {},
  ): void {
    for (let n = 0; n < count; n += 1) {
      const deliveryUuid = `${webhookUuid}-${rows.size}-${deliveryClass}-${clock.nowMs()}`;
      const dueMs = clock.nowMs();
      rows.set(deliveryUuid, { deliveryUuid, webhookUuid, deliveryClass, dueMs, attemptCount: 0 });
    }
    sender.wake({ partition: 1, webhookUuid, workspaceUuid: workspace });
  }

  function countOf(webhook: string, fromMs = 0, toMs = Number.POSITIVE_INFINITY): number {
    const isMeant = (one: (typeof sent)[number]) =>
      one.webhook === webhook && one.atMs >= fromMs && one.atMs < toMs;
    return sent.filter(isMeant).length;
  }

  async function send(request: EgressRequest): Promise<EgressResult> {
    const id = JSON.parse(request.body.toString()).data as string;
    sent.push({ webhook: new URL(request.url).hostname, delivery: id, atMs: clock.nowMs() });
    happened.push("sent");
    const answer = answers.get(request.url)?.(id) ?? {};
    const startedMs = clock.nowMs();
    await answered(clock, answer, request.timeoutMs);
    return toResult(answer, {
      timeoutMs: request.timeoutMs,
      durationMs: clock.nowMs() - startedMs,
    });
  }

  function record(written: readonly Result[]): ReadonlySet<string> {
    for (const result of written) {
      results.push(result);
      const row = rows.get(result.deliveryUuid);
      if (!row) continue;
      if (!result.dueAt) rows.delete(result.deliveryUuid);
      else {
        row.dueMs = clock.nowMs() + result.dueAt.getTime() - clock.now().getTime();
        row.attemptCount += 1;
        if (row.deliveryClass === 0) row.deliveryClass = 1;
      }
    }
    return new Set(written.map(({ held }) => heldKey(held)));
  }

  function memoryStore() {
    return {
      listLaneStates: async () => (options.states ?? []).map((s) => ({ ...s, blockedWaitMs: 0 })),
      listWaitingLanes: async () => [],
      recordLaneStates: async (states: readonly { state: LaneState }[]) => {
        happened.push("saved");
        saved.push(...states.map(({ state }) => state));
      },
      listDue: async (lane: {
        webhookUuid: string;
        deliveryClass: DeliveryClass;
        busy: readonly string[];
        countMax: number;
      }) => {
        const busy = new Set(lane.busy);
        const waiting = [...rows.values()]
          .filter((row) => row.webhookUuid === lane.webhookUuid)
          .filter((row) => row.deliveryClass === lane.deliveryClass && !busy.has(row.deliveryUuid))
          .sort((a, b) => a.dueMs - b.dueMs)
          .slice(0, lane.countMax + 1);
        const ready = waiting.slice(0, lane.countMax).filter(({ dueMs }) => dueMs <= clock.nowMs());
        const next = waiting[ready.length];
        return {
          due: ready.map((row) => toWaiting(row, clock.nowMs())),
          nextWaitMs: next && Math.max(next.dueMs - clock.nowMs(), 0),
        };
      },
    };
  }
}

function toWaiting(row: Row, nowMs: number) {
  return {
    deliveryUuid: row.deliveryUuid,
    day: "2026-01-01",
    eventUuid: "01900000-0000-7000-8000-000000000000",
    eventType: "a",
    data: Buffer.from(JSON.stringify(row.deliveryUuid)),
    time: "",
    traceparent: "",
    attemptCount: row.attemptCount,
    overdueMs: nowMs - row.dueMs,
    orderingKey: undefined,
    orderWaitMs: 0,
  };
}

function plainWebhook(uuid: string): KnownWebhook {
  const plain = {
    id: "wh_1",
    uuid,
    provider: "demo",
    version: "1",
    targetVersion: "1",
    url: `https://${uuid}/`,
    secrets: [{ text: secret, expireAt: undefined }],
    headers: {},
    inFlightMax: 64,
    timeoutMs: 15_000,
    delaysMs: [60_000],
    state: "ACTIVE",
    whenPaused: "SKIP",
    ratePerSecond: 0,
    isOrdered: false,
    cancelBefore: undefined,
  };
  return plain as unknown as KnownWebhook; // what the sender reads
}

async function answered(clock: VirtualClock, answer: Answer, timeoutMs: number): Promise<void> {
  const afterMs = answer.failure ? 1 : (answer.afterMs ?? 5);
  await clock.sleep(Math.min(afterMs, timeoutMs));
}

function toResult(
  { afterMs = 5, status = 200, headers = {}, failure }: Answer,
  { timeoutMs, durationMs }: { timeoutMs: number; durationMs: number },
): EgressResult {
  const nothing = { responseBody: Buffer.alloc(0), responseTruncated: false, remoteAddress: "" };
  const base = { ...nothing, timings: {}, durationMs, responseHeaders: { ...headers } };
  if (failure) {
    return { ...base, outcome: "CONNECT_ERROR", statusCode: 0, error: failure, failure };
  }
  if (afterMs > timeoutMs) return { ...base, outcome: "TIMEOUT", statusCode: 0, error: "late" };
  const outcome = status < 300 ? "SUCCEEDED" : "HTTP_ERROR";
  return { ...base, outcome, statusCode: status, error: "" };
}

const minuteMs = 60_000;

describe("a rate limit", () => {
  it.each([0.5, 10, 200])("of %d a second holds within 5 %% over 30 s", async (ratePerSecond) => {
    const { clock, owned, sender, add, due, countOf } = setup();
    add("w", () => ({}), { ratePerSecond });
    await sender.open(owned);
    due("w", ratePerSecond * 60);
    await clock.advance(45_000);
    const count = countOf("w", 10_000, 40_000);
    expect(count / 30).toBeGreaterThanOrEqual(ratePerSecond * 0.95);
    expect(count / 30).toBeLessThanOrEqual(ratePerSecond * 1.05 + 0.04);
  });

  it("goes on where an earlier owner left it", async () => {
    const states = [{ ...closed("w"), rateWaitMs: 8_000 }];
    const { clock, owned, sender, sent, add, due } = setup({ states });
    add("w", () => ({}), { ratePerSecond: 0.1 });
    await sender.open(owned);
    due("w", 2);
    await clock.advance(20_000);
    expect(sent.map(({ atMs }) => atMs)).toEqual([7_900, 17_900]);
  });

  it("that is slow is written down before each delivery, so that no crash forgets one", async () => {
    const { clock, owned, sender, happened, saved, add, due } = setup();
    add("w", () => ({}), { ratePerSecond: 0.5 });
    await sender.open(owned);
    due("w", 2);
    await clock.advance(3_000);
    expect(happened).toEqual(["saved", "sent", "saved", "sent"]);
    expect(saved[0]).toMatchObject({ webhookUuid: "w", rateWaitMs: 2_000 });
  });
});

describe("a fault of our own", () => {
  it("costs no attempt, and the delivery goes a second later", async () => {
    const { clock, owned, sender, sent, results, add, due } = setup();
    const failing = ["no_socket", "no_name_server", undefined] as const;
    let tries = 0;
    add("w", () => ({ failure: failing[tries++] }) as Answer);
    await sender.open(owned);
    due("w", 1);
    await clock.advance(5_000);
    expect(sent).toHaveLength(3);
    expect(results).toMatchObject([{ state: "SUCCEEDED", attempt: { number: 1 } }]);
    expect((sent[1]?.atMs ?? 0) - (sent[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it("leaves a breaker as it was, and the next delivery probes", async () => {
    const states = [{ ...closed("w"), breakerState: "OPEN" as const, breakerWaitMs: 5_000 }];
    const { clock, owned, sender, sent, saved, add, due } = setup({ states });
    let isOurs = true;
    add("w", () => (isOurs ? { failure: "no_socket" } : {}));
    await sender.open(owned);
    due("w", 3);
    await clock.advance(6_000);
    expect(sent).toHaveLength(1);
    isOurs = false;
    await clock.advance(5_000);
    expect(sent).toHaveLength(4);
    const part = new AbortController();
    void sender.part().run(part.signal, () => {});
    await clock.advance(1_500);
    part.abort();
    expect(saved.at(-1)).toMatchObject({ breakerState: "CLOSED" });
  });
});

describe("a receiver that is down", () => {
  it("is tried by single deliveries, less and less often, and then gets all that waits", async () => {
    const { clock, owned, sender, sent, add, due, countOf } = setup();
    let isDown = true;
    add("w", () => (isDown ? { failure: "connect_failed" } : {}), { inFlightMax: 4 });
    await sender.open(owned);
    due("w", 1_000);
    await clock.advance(9_000);
    expect(sent.length).toBeGreaterThanOrEqual(10);
    expect(sent.length).toBeLessThanOrEqual(13);
    const before = sent.length;
    await clock.advance(3 * minuteMs);
    const probes = sent.slice(before).map(({ atMs }) => atMs);
    expect(probes).toHaveLength(4);
    const waits = probes.slice(1).map((atMs, n) => Math.round((atMs - (probes[n] ?? 0)) / 1000));
    expect(waits).toEqual([20, 40, 80]);
    isDown = false;
    await clock.advance(5 * minuteMs);
    expect(countOf("w")).toBeGreaterThan(900);
  });

  it("does not keep its neighbour, which is due 100 a second, waiting", async () => {
    const { clock, owned, sender, add, due, countOf } = setup({ slotCount: 128 });
    add("hangs", () => ({ afterMs: 60_000 }));
    add("well", () => ({ afterMs: 20 }));
    await sender.open(owned);
    for (let tick = 0; tick < 300; tick += 1) {
      due("hangs", 5);
      due("well", 10);
      await clock.advance(100);
    }
    await clock.advance(100);
    expect(countOf("well")).toBe(3_000);
    expect(countOf("hangs")).toBeLessThan(200);
  });
});

describe("slots", () => {
  it("go to live traffic although replays took what was free", async () => {
    const { clock, owned, sender, add, due, countOf } = setup({ slotCount: 50 });
    for (let n = 0; n < 20; n += 1) add(`replayed${n}`, () => ({ afterMs: 1_000 }));
    add("live", () => ({ afterMs: 1_000 }), { workspace: "t" });
    await sender.open(owned);
    for (let n = 0; n < 20; n += 1) due(`replayed${n}`, 500, { deliveryClass: 2 });
    await clock.advance(3_500);
    due("live", 60, { workspace: "t" });
    await clock.advance(2_000);
    // A POST takes a second: what had been lent came back within the first.
    expect(countOf("live")).toBeGreaterThanOrEqual(20);
  });

  it("are not given to a webhook that is not known to be as it was a second ago", async () => {
    const { clock, owned, sender, add, due, countOf } = setup();
    add("w", () => ({}), { state: "PAUSED" });
    await sender.open(owned);
    due("w", 5);
    await clock.advance(minuteMs);
    expect(countOf("w")).toBe(0);
  });
});

describe("fresh deliveries", () => {
  it.each([
    ["are worth waiting for while all places of a webhook are taken", { inFlightMax: 2 }, "quick"],
    ["are not where a rate limit holds them back", { ratePerSecond: 1 }, "slow"],
  ])("%s", async (_, rules, wanted) => {
    const { clock, owned, sender, add, countOf } = setup();
    add("w", () => ({ afterMs: 10 }), rules);
    await sender.open(owned);
    const offer = (deliveryUuid: string) =>
      sender.offer(owned, { ...plainWebhook("w"), ...rules }, "s", freshItem(deliveryUuid, clock));
    offer("first");
    await clock.advance(5);
    expect(["a", "b", "c", "d"].map(offer).at(-1)).toBe(wanted);
    await clock.advance(minuteMs);
    expect(countOf("w")).toBe(5);
  });
});

function freshItem(deliveryUuid: string, clock: VirtualClock): Item {
  const data = Buffer.from("{}");
  const event = { uuid: deliveryUuid, type: "t", time: "", traceparent: "", data };
  const day = "2026-01-01";
  return {
    deliveryUuid,
    day,
    event,
    attemptCount: 0,
    deliveryClass: 0,
    sinceMs: clock.nowMs(),
    orderWaitMs: 0,
  };
}

function closed(webhookUuid: string): LaneState {
  return {
    webhookUuid,
    breakerState: "CLOSED",
    breakerReason: "",
    breakerWaitMs: 0,
    breakerOpenCount: 0,
    rateWaitMs: 0,
    concurrency: undefined,
    canceledBefore: undefined,
  };
}
