import type { egress } from "@posthorn/egress";
import { AppError } from "@posthorn/errors";
import type { Clock, Logger, Part, Tracing } from "@posthorn/runtime";
import type { DeliveryMetrics } from "../metrics.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { NewAttempt } from "../store/result.ts";
import { attempt } from "./attempt.ts";
import { conclude, parkedResult } from "./conclusion.ts";
import { faultCounter } from "./fault-counter.ts";
import { isPassing } from "./is-passing.ts";
import { canSend, canTake, type Item, itemOf, type Lane, loadCount, shouldLoad } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { OwnedPartition } from "./ownership.ts";
import { Pace } from "./pace.ts";
import type { ResultWriter } from "./result-writer.ts";
import type { KnownWebhook, KnownWorkspace, Subscriptions } from "./subscriptions.ts";

export interface SenderDeps {
  readonly store: Pick<
    DeliveryStore,
    "cancelWaiting" | "listBlockedLanes" | "listDue" | "listWaitingLanes"
  >;
  readonly send: ReturnType<typeof egress>["send"];
  readonly subscriptions: Subscriptions;
  readonly results: ResultWriter;
  readonly isWatched: (workspaceUuid: string) => boolean;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface SenderOptions {
  /** POSTs under way at once. */
  readonly slotCount: number;
  /** How long a stop, or the hand-over of a partition, waits for POSTs that are under way. */
  readonly stopGraceMs: number;
}

/** Deliveries of one webhook that wait in memory, at most. */
const queueMax = 1024;
/** Deliveries that wait in memory, at most, all together, and the bytes of their events. */
const queuedMax = 4096;
const queuedBytesMax = 64 * 1024 * 1024;
/** Nothing more is sent while this many results wait to be written. */
const unwrittenMax = 2000;
/**
 * What became of a fresh delivery that was offered: taken into memory, to a webhook that answers
 * quickly or slowly, or left to the schedule.
 */
export type Offered = "quick" | "slow" | "left";

/** How often workspaces with waiting deliveries are asked for changes. */
const refreshMs = 1000;
/** Notices wake the sender; this is only the safety net under them. */
const rescanEveryTurns = 30;
/** How long a lane waits after a fault of our own. */
const faultPauseMs = 1000;

/**
 * Sends what is due in the partitions that this process owns. Fresh deliveries are handed over by
 * fan-out; all others are found by the schedule, lane by lane. No row is claimed: what is under
 * way is in memory, bounded by slots and queues. A crash loses nothing: the next owner finds the
 * rows due as they were, so a receiver may see twice what was under way.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #options: SenderOptions;
  readonly #lanes: Lanes;
  /** Lanes that would read what is due but for memory. */
  readonly #starved = new Set<Lane>();
  readonly #faults = faultCounter();
  readonly #pace = new Pace();
  readonly #underWay = new Map<Promise<void>, Lane>();
  #isStopping = false;

  constructor(deps: SenderDeps, options: SenderOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#lanes = new Lanes({ clock: deps.clock, onReady: () => this.#pump() });
  }

  /** POSTs under way. */
  get sendingCount(): number {
    return this.#underWay.size;
  }

  /** Begins to send a partition's deliveries, starting with those that the schedule holds. */
  async open(owned: OwnedPartition): Promise<void> {
    const { store } = this.#deps;
    const blocked = await store.listBlockedLanes(owned.partition);
    const waiting = await store.listWaitingLanes(owned.partition);
    const nowMs = this.#nowMs();
    this.#lanes.open(owned, new Map(blocked.map((b) => [b.webhookUuid, nowMs + b.waitMs])));
    owned.lost.addEventListener("abort", () => this.#lanes.close(owned), { once: true });
    for (const { waitMs, ...key } of waiting) {
      const lane = this.#lanes.get({ partition: owned.partition, ...key });
      if (lane) this.#lanes.expect(lane, nowMs + waitMs);
    }
  }

  /** Begins nothing more in a partition and waits for what is under way, at most the grace. */
  async close(owned: OwnedPartition): Promise<void> {
    this.#lanes.close(owned);
    const own = [...this.#underWay].filter(([, lane]) => lane.owned === owned);
    await this.#grace(own.map(([sending]) => sending));
    await this.#deps.results.drained();
  }

  /**
   * Offers a fresh delivery, whose row need not be written yet. Unless it is left, its result goes
   * to the result writer; the caller tells `onStored` when the row is there.
   */
  offer(owned: OwnedPartition, webhook: KnownWebhook, workspaceUuid: string, item: Item): Offered {
    const { partition } = owned;
    const lane = this.#lanes.get({ partition, webhookUuid: webhook.uuid, workspaceUuid });
    if (!lane || this.#isFull() || !canTake(lane, this.#nowMs(), queueMax)) return "left";
    this.#lanes.enqueue(lane, item);
    this.#lanes.ready.add(lane);
    this.#pump();
    return this.#pace.isQuick(webhook.uuid) ? "quick" : "slow";
  }

  /** Hears how long, at least, a webhook took. */
  notePace(webhookUuid: string, durationMs: number): void {
    this.#pace.note(webhookUuid, durationMs);
  }

  /** Hears that a fresh delivery lies in the schedule, due at a time or now: it may not be in memory. */
  onStored(
    key: { partition: number; webhookUuid: string; workspaceUuid: string },
    { deliveryUuid, dueAt }: { deliveryUuid: string; dueAt: Date | undefined },
  ): void {
    const lane = this.#lanes.get(key);
    if (!lane || lane.busy.has(deliveryUuid)) return;
    this.#lanes.expect(lane, dueAt ? this.#msOf(dueAt) : this.#nowMs());
  }

  /** Looks into the schedule of a webhook now: something was added to it. */
  wake(key: { partition: number; webhookUuid: string; workspaceUuid: string }): void {
    const lane = this.#lanes.get(key);
    if (lane) this.#lanes.expect(lane, this.#nowMs());
  }

  /** Looks for waiting deliveries that no notice told of. */
  async rescan(): Promise<void> {
    for (const owned of this.#lanes.listOwned()) {
      const waiting = await this.#deps.store.listWaitingLanes(owned.partition);
      const nowMs = this.#nowMs();
      for (const { waitMs, ...key } of waiting) {
        const lane = this.#lanes.get({ partition: owned.partition, ...key });
        if (lane && lane.dueAtMs > nowMs + waitMs) this.#lanes.expect(lane, nowMs + waitMs);
      }
    }
  }

  /** Drops a delivery that was canceled, unless it is under way. */
  forget(partition: number, deliveryUuid: string): void {
    for (const lane of this.#lanes.list(partition)) this.#lanes.remove(lane, deliveryUuid);
  }

  /** Keeps knowledge of waiting webhooks fresh while it runs; lets POSTs end when it stops. */
  part(): Part {
    return {
      name: "sender",
      run: async (stop, ready) => {
        ready();
        for (let turn = 1; !stop.aborted; turn += 1) {
          await this.#refresh(turn % rescanEveryTurns === 0);
          await this.#deps.clock.sleep(refreshMs, stop);
        }
        this.#isStopping = true;
        this.#lanes.stop();
        await this.#grace([...this.#underWay.keys()]);
      },
    };
  }

  async #grace(sendings: readonly Promise<void>[]): Promise<void> {
    const over = new AbortController();
    const limit = this.#deps.clock.sleep(this.#options.stopGraceMs, over.signal);
    await Promise.race([Promise.allSettled(sendings), limit]);
    over.abort();
  }

  #nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  /** A time of day on the monotonic clock. */
  #msOf(time: Date): number {
    const { clock } = this.#deps;
    return clock.nowMs() + time.getTime() - clock.now().getTime();
  }

  /** Gives free slots to ready lanes, one each in turn. */
  #pump(): void {
    const lanes = this.#lanes;
    for (const lane of lanes.ready) {
      if (this.#isStopping || this.#underWay.size >= this.#options.slotCount) return;
      if (this.#deps.results.waitingCount >= unwrittenMax) return;
      lanes.ready.delete(lane);
      const nowMs = this.#nowMs();
      if (shouldLoad(lane, nowMs, queueMax)) this.#loadOrWait(lane);
      if (canSend(lane, nowMs)) this.#start(lane);
      if (canSend(lane, nowMs))
        lanes.ready.add(lane); // to the end: others first
      else if (lane.blockedUntilMs > nowMs || lane.dueAtMs > nowMs) lanes.arm(lane);
    }
  }

  /** Reads what is due unless memory is full; then as soon as it is not. */
  #loadOrWait(lane: Lane): void {
    if (this.#isFull()) this.#starved.add(lane);
    else void this.#load(lane);
  }

  #isFull(): boolean {
    return this.#lanes.queuedCount >= queuedMax || this.#lanes.queuedBytes >= queuedBytesMax;
  }

  #start(lane: Lane): void {
    const item = this.#lanes.dequeue(lane);
    if (!item) return;
    lane.sendingCount += 1;
    const sending: Promise<void> = this.#send(lane, item)
      .catch((error: unknown) => this.#onFault(lane, item, error))
      .finally(() => {
        lane.sendingCount -= 1;
        this.#underWay.delete(sending);
        this.#revisit(lane);
      });
    this.#underWay.set(sending, lane);
  }

  #revisit(lane: Lane): void {
    if (!lane.owned.lost.aborted) this.#lanes.ready.add(lane);
    if (this.#starved.size > 0 && !this.#isFull()) {
      for (const each of this.#starved) this.#lanes.ready.add(each);
      this.#starved.clear();
    }
    this.#pump();
  }

  async #send(lane: Lane, item: Item): Promise<void> {
    const { subscriptions, clock } = this.#deps;
    const { workspaceUuid, owned } = lane;
    const workspace =
      subscriptions.fresh(workspaceUuid) ?? (await subscriptions.current(workspaceUuid));
    const webhook = workspace.webhooks.get(lane.webhookUuid);
    if (webhook?.state !== "ACTIVE" || !workspace.provider) {
      lane.busy.delete(item.deliveryUuid);
      this.#lanes.turnOff(lane, webhook?.version ?? "");
      return;
    }
    lane.inFlightMax = webhook.inFlightMax;
    if (!owned.isSafe()) throw new AppError("unavailable", "the lease may be over");
    const { provider } = workspace;
    const number = item.attemptCount + 1;
    const input = {
      event: item.event,
      webhook,
      provider,
      number,
      now: clock.now(),
      signal: owned.lost,
      tracing: this.#deps.tracing,
    };
    const made = await attempt(this.#deps.send, input);
    if (owned.lost.aborted) return; // the next owner sends it again
    this.#deps.metrics.onAttempt(made);
    this.#pace.note(lane.webhookUuid, made.durationMs);
    this.#conclude(lane, item, webhook, made);
  }

  #conclude(lane: Lane, item: Item, webhook: KnownWebhook, made: NewAttempt): void {
    const { clock, random, isWatched, results } = this.#deps;
    const at = { now: clock.now(), random: random(), isWatched: isWatched(lane.workspaceUuid) };
    const { result, dueAt, blockedUntil, isGone } = conclude({ lane, item, webhook, made }, at);
    if (blockedUntil) this.#lanes.block(lane, this.#msOf(blockedUntil));
    if (isGone) this.#lanes.turnOff(lane, webhook.version);
    results.add(result, () => this.#onSettled(lane, item, dueAt));
  }

  #onSettled(lane: Lane, item: Item, dueAt?: Date): void {
    lane.busy.delete(item.deliveryUuid);
    if (dueAt && !lane.isOff) this.#lanes.expect(lane, this.#msOf(dueAt));
    this.#revisit(lane);
    this.#lanes.dropIfIdle(lane);
  }

  /** Subscription or Postgres is down, or a defect of ours: the row stays due, the lane waits. */
  #onFault(lane: Lane, item: Item, error: unknown): void {
    if (!isPassing(error)) {
      this.#deps.log.error({ err: error, delivery: item.deliveryUuid }, "sending failed");
      if (this.#faults.isHopeless(item.deliveryUuid)) {
        this.#deps.results.add(parkedResult(lane, item), () => this.#onSettled(lane, item));
        return;
      }
    }
    lane.busy.delete(item.deliveryUuid);
    this.#lanes.block(lane, this.#nowMs() + faultPauseMs);
    this.#lanes.expect(lane, this.#nowMs());
  }

  async #load(lane: Lane): Promise<void> {
    lane.isLoading = true;
    lane.dueAtMs = Number.POSITIVE_INFINITY;
    try {
      await this.#loadDue(lane);
    } catch (error) {
      if (!isPassing(error)) this.#deps.log.error({ err: error }, "reading the schedule failed");
      this.#lanes.block(lane, this.#nowMs() + faultPauseMs);
      this.#lanes.expect(lane, this.#nowMs());
    } finally {
      lane.isLoading = false;
    }
    this.#revisit(lane);
    this.#lanes.dropIfIdle(lane);
  }

  async #loadDue(lane: Lane): Promise<void> {
    const { due, nextWaitMs } = await this.#deps.store.listDue({
      partition: lane.owned.partition,
      webhookUuid: lane.webhookUuid,
      busy: [...lane.busy],
      countMax: loadCount(lane, queueMax),
    });
    if (lane.owned.lost.aborted) return;
    const bytes = due.reduce((sum, { data }) => sum + data.length, 0);
    if (due.length > 0) lane.meanBytes = bytes / due.length;
    if (!lane.isOff) for (const waiting of due) this.#lanes.enqueue(lane, itemOf(waiting));
    if (nextWaitMs !== undefined) this.#lanes.expect(lane, this.#nowMs() + nextWaitMs);
    if (lane.isOff) lane.dueAtMs = 0;
  }

  /** Learns what changed in workspaces with waiting deliveries, and acts on it. */
  async #refresh(isRescanDue: boolean): Promise<void> {
    const { subscriptions } = this.#deps;
    try {
      if (isRescanDue) await this.rescan();
      const lanes = this.#lanes.list();
      if (lanes.length === 0) return;
      await subscriptions.sync(new Set(lanes.map((lane) => lane.workspaceUuid)));
      for (const lane of lanes) {
        const workspace = subscriptions.fresh(lane.workspaceUuid);
        if (workspace) await this.#follow(lane, workspace);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#deps.log.warn({ err: error }, "what changed in subscriptions could not be learned");
    }
  }

  async #follow(lane: Lane, workspace: KnownWorkspace): Promise<void> {
    const webhook = workspace.webhooks.get(lane.webhookUuid);
    if (!webhook) await this.#cancelAll(lane);
    else if (!lane.isOff || webhook.state !== "ACTIVE") return;
    // The version that answered 410 is still ACTIVE until the notice of it has been acted on.
    else if (webhook.version !== lane.offVersion) this.#lanes.turnOn(lane);
  }

  /** The webhook is gone: its open deliveries end. */
  async #cancelAll(lane: Lane): Promise<void> {
    this.#lanes.turnOff(lane, "");
    const { webhookUuid, owned } = lane;
    const cancel = { partition: owned.partition, webhookUuid, reason: "WEBHOOK_DELETED" };
    let count = Number.POSITIVE_INFINITY;
    while (count > 0 && owned.isSafe()) count = await this.#deps.store.cancelWaiting(cancel);
    lane.dueAtMs = Number.POSITIVE_INFINITY;
    this.#lanes.dropIfIdle(lane);
  }
}
