import type { egress } from "@posthorn/egress";
import { AppError } from "@posthorn/errors";
import type { Clock, Logger, Part, Tracing } from "@posthorn/runtime";
import { abandonProbe, type BreakerState, beginProbe } from "../domain/breaker.ts";
import { isSlowRate, rateFreeAtMs } from "../domain/rate-limit.ts";
import { type DeliveryClass, deliveryClasses, Shares } from "../domain/shares.ts";
import { nextClass } from "../domain/turns.ts";
import type { OwnersView } from "../domain/waiting-for.ts";
import { noteWait, toldMsMin, type Waits, waitsBetween } from "../domain/waits.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { NewDelivery } from "../store/fan-outs.ts";
import type { NewAttempt } from "../store/result.ts";
import { attempt } from "./attempt.ts";
import { conclude, parkedResult } from "./conclusion.ts";
import { faultCounter } from "./fault-counter.ts";
import { Follower } from "./follower.ts";
import { isPassing } from "./is-passing.ts";
import {
  canTake,
  hasWork,
  holdOf,
  type Item,
  isNarrow,
  isOpen,
  type Lane,
  nextMoveAtMs,
} from "./lane.ts";
import { LaneChanges } from "./lane-changes.ts";
import { LaneKnowledge } from "./lane-knowledge.ts";
import { LaneStates, rememberedOf } from "./lane-states.ts";
import { Lanes } from "./lanes.ts";
import { faultPauseMs, Loader } from "./loader.ts";
import { oldestDueMs } from "./oldest-due.ts";
import { Ordering } from "./ordering.ts";
import type { OwnedPartition } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { learnFrom } from "./receiver-health.ts";
import type { ResultWriter } from "./result-writer.ts";
import type { KnownProvider, KnownWebhook, Subscriptions } from "./subscriptions.ts";

export interface SenderDeps {
  readonly store: Pick<
    DeliveryStore,
    | "cancelMadeBefore"
    | "cancelWaiting"
    | "deleteLaneState"
    | "freeAll"
    | "freeHeads"
    | "listDue"
    | "listLaneStates"
    | "listOrderingKeys"
    | "listWaitingLanes"
    | "recordLaneStates"
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

/**
 * What became of a fresh delivery that was offered: taken into memory, to a webhook that answers
 * quickly or slowly, or left to the schedule.
 */
export type Offered = "quick" | "slow" | "left";

/** Nothing more is sent while this many results wait to be written. */
const unwrittenMax = 2000;
/** Faults of ours come in crowds: one is logged, and the next after so long. */
const quietMs = 10_000;
/** When a search for whose turn it is was cut short, it goes on after so long. */
const searchPauseMs = 5;

/**
 * Sends what is due in the partitions that this process owns. Fresh deliveries are handed over by
 * fan-out; all others are found by the schedule, lane by lane. No row is claimed: what is under
 * way is in memory, bounded by slots and queues. A crash loses nothing: the next owner finds the
 * rows due as they were, so a receiver may see twice what was under way.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #options: SenderOptions;
  readonly #shares: Shares<Lane>;
  readonly #lanes: Lanes;
  readonly #states: LaneStates;
  readonly #knowledge: LaneKnowledge;
  readonly #loader: Loader;
  readonly #ordering: Ordering;
  readonly #follower: Follower;
  readonly #faults = faultCounter();
  readonly #pace = new Pace();
  readonly #underWay = new Map<Promise<void>, Lane>();
  /** The time at which slots are being given out. */
  #pumpMs = 0;
  #isSearchDue = false;
  #quietUntilMs = 0;
  #isStopping = false;

  constructor(deps: SenderDeps, options: SenderOptions) {
    const { store, clock, log, subscriptions } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#shares = new Shares(options.slotCount);
    this.#lanes = new Lanes({
      clock,
      shares: this.#shares,
      onTime: (lanes) => {
        const nowMs = clock.nowMs();
        for (const lane of lanes) this.#touch(lane, nowMs);
        this.#pump(nowMs);
        for (const lane of lanes) noteHold(lane, nowMs);
      },
    });
    const lanes = this.#lanes;
    const revisit = (lane: Lane) => this.#revisit(lane);
    const states = new LaneStates({ store, clock, log });
    const ordering = new Ordering({ store, lanes, clock, log });
    const shared = { store, subscriptions, lanes, states, ordering, clock, log };
    const changes = new LaneChanges({ ...shared, onChange: revisit });
    this.#states = states;
    this.#ordering = ordering;
    this.#follower = new Follower({ ...shared, changes, onFollowed: revisit });
    this.#knowledge = new LaneKnowledge({ ...shared, changes, onLearned: revisit });
    this.#loader = new Loader({ store, lanes, clock, log, onLoaded: revisit });
  }

  /** POSTs under way. */
  get sendingCount(): number {
    return this.#underWay.size;
  }

  /** POSTs under way, by class. */
  get usedByClass(): readonly number[] {
    return this.#shares.usedByClass;
  }

  /** Deliveries that wait in memory. */
  get queuedCount(): number {
    return this.#lanes.queuedCount;
  }

  /**
   * Gives for each class how long the oldest delivery has waited for nothing but us; undefined for
   * none. Looks at every lane.
   */
  oldestDueMs(): readonly (number | undefined)[] {
    return oldestDueMs(this.#lanes.list(), this.#deps.clock.nowMs());
  }

  /** Counts the webhooks whose breaker is in a state. */
  countBreakers(state: BreakerState): number {
    return this.#lanes.countBreakers(state);
  }

  /** Begins to send a partition's deliveries, starting with those that the schedule holds. */
  async open(owned: OwnedPartition): Promise<void> {
    const { store, clock } = this.#deps;
    const states = await store.listLaneStates(owned.partition);
    const nowMs = clock.nowMs();
    const remembered = states.map((s) => [s.webhookUuid, rememberedOf(s, nowMs)] as const);
    this.#lanes.open(owned, new Map(remembered));
    owned.lost.addEventListener("abort", () => this.#lanes.close(owned), { once: true });
    await this.#follower.scan(owned);
  }

  /**
   * Begins nothing more in a partition, waits for what is under way, at most the grace, and writes
   * what the next owner has to know.
   */
  async close(owned: OwnedPartition): Promise<void> {
    const lanes = this.#lanes.close(owned);
    const own = [...this.#underWay].filter(([, lane]) => lane.owned === owned);
    await this.#grace(own.map(([sending]) => sending));
    await this.#states.release(lanes);
    await this.#deps.results.drained();
  }

  /**
   * Offers a fresh delivery, whose row need not be written yet. Unless it is left, its result goes
   * to the result writer; the caller tells `onStored` when the row is there.
   */
  offer(owned: OwnedPartition, webhook: KnownWebhook, workspaceUuid: string, item: Item): Offered {
    if (webhook.state !== "ACTIVE" || webhook.isOrdered) return "left";
    const { partition } = owned;
    const lane = this.#lanes.get({ partition, webhookUuid: webhook.uuid, workspaceUuid });
    if (!lane) return "left";
    const nowMs = this.#deps.clock.nowMs();
    const queueMax = this.#lanes.queueMax(lane, item.deliveryClass);
    if (!canTake(lane, { nowMs, queueMax })) return "left";
    this.#lanes.enqueue(lane, item);
    const hold = holdOf(lane, nowMs);
    const isHeld = hold !== undefined && hold !== "IN_FLIGHT"; // a place is free in a moment
    this.#revisit(lane);
    return !isHeld && this.#pace.isQuick(webhook.uuid) ? "quick" : "slow";
  }

  /** Hears how long, at least, a webhook took. */
  notePace(webhookUuid: string, durationMs: number): void {
    this.#pace.note(webhookUuid, durationMs);
  }

  /** Hears that a fresh delivery lies in the schedule, due at a time or now: it may not be in memory. */
  onStored(
    key: { partition: number; webhookUuid: string; workspaceUuid: string },
    { uuid, dueAt, place }: Pick<NewDelivery, "uuid" | "dueAt" | "place">,
  ): void {
    const lane = this.#lanes.get(key);
    if (!lane || lane.busy.has(uuid)) return;
    if (place) this.#ordering.free(lane, place.key);
    else this.#lanes.expect(lane, 0, dueAt ? this.#msOf(dueAt) : this.#deps.clock.nowMs());
  }

  /** Looks at a delivery in a lane's memory; undefined when the webhook has no lane here. */
  look(key: {
    readonly partition: number;
    readonly webhookUuid: string;
    readonly deliveryUuid: string;
  }): OwnersView | undefined {
    const lane = this.#lanes.find(key.partition, key.webhookUuid);
    if (!lane) return undefined;
    const isQueued = lane.queues.some((queue) =>
      queue.some(({ deliveryUuid }) => deliveryUuid === key.deliveryUuid),
    );
    const { breaker, blockedUntilMs, isFaultOfOurs } = lane;
    return {
      hold: holdOf(lane, this.#deps.clock.nowMs()),
      isUnderWay: lane.busy.has(key.deliveryUuid) && !isQueued,
      lane: {
        blockedUntil: isFaultOfOurs ? undefined : this.#timeOf(blockedUntilMs),
        breakerState: breaker.state,
        breakerReason: breaker.reason,
        breakerUntil: breaker.state === "CLOSED" ? undefined : this.#timeOf(breaker.untilMs),
      },
    };
  }

  /** Looks into the schedule of a webhook now: something was added to it. */
  wake(key: { partition: number; webhookUuid: string; workspaceUuid: string }): void {
    const lane = this.#lanes.get(key);
    if (!lane) return;
    this.#lanes.expectAny(lane);
    if (lane.webhook?.isOrdered !== false) this.#ordering.freeAny(lane);
  }

  /** Looks for waiting deliveries that no notice told of. */
  rescan(): Promise<void> {
    return this.#follower.rescan();
  }

  /** Drops a delivery that was canceled, unless it is under way, and lets what is behind it go. */
  forget(partition: number, deliveryUuid: string, webhookUuid?: string): void {
    for (const lane of this.#lanes.list(partition)) {
      if (webhookUuid !== undefined && lane.webhookUuid !== webhookUuid) continue;
      this.#lanes.remove(lane, deliveryUuid);
      if (lane.webhook?.isOrdered) this.#ordering.freeAny(lane);
    }
  }

  /** Keeps knowledge of waiting webhooks fresh while it runs; lets POSTs end when it stops. */
  part(): Part {
    return {
      name: "sender",
      run: async (stop, ready) => {
        ready();
        await Promise.all([this.#follower.run(stop), this.#states.run(stop)]);
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

  /** A time on the monotonic clock as a time of day. */
  #timeOf(ms: number): Date {
    const { clock } = this.#deps;
    return new Date(clock.now().getTime() + ms - clock.nowMs());
  }

  /** A time of day on the monotonic clock. */
  #msOf(time: Date): number {
    const { clock } = this.#deps;
    return clock.nowMs() + time.getTime() - clock.now().getTime();
  }

  /** Something changed for a lane: it may read, stand in line, or be sent to. */
  #revisit(lane: Lane): void {
    const nowMs = this.#deps.clock.nowMs();
    if (lane.webhook?.isOrdered) this.#ordering.lookAgain(lane);
    this.#touch(lane, nowMs);
    this.#loader.lookAgain();
    this.#pump(nowMs);
    noteHold(lane, nowMs);
  }

  #touch(lane: Lane, nowMs: number): void {
    if (lane.owned.lost.aborted) return;
    this.#loader.look(lane, nowMs);
    if (lane.queuedCount > 0 && holdOf(lane, nowMs) === undefined) {
      for (const deliveryClass of deliveryClasses) {
        if (lane.queues[deliveryClass]?.length) this.#shares.wait(lane, deliveryClass);
      }
    }
    if (nextMoveAtMs(lane) > nowMs) this.#lanes.arm(lane);
  }

  /** Gives free slots to those whose turn it is. It takes no time, as far as they can tell. */
  #pump(nowMs: number): void {
    this.#pumpMs = nowMs;
    while (!this.#isStopping && this.#deps.results.waitingCount < unwrittenMax) {
      const turn = this.#shares.next(this.#isAble);
      if (!turn) break;
      const deliveryClass = this.#classToServe(turn.lane, turn.deliveryClass);
      if (!this.#start(turn.lane, deliveryClass, nowMs)) break;
    }
    if (!this.#shares.isCutShort || this.#isSearchDue) return;
    this.#isSearchDue = true;
    this.#deps.clock.after(searchPauseMs, () => {
      this.#isSearchDue = false;
      this.#pump(this.#deps.clock.nowMs());
    });
  }

  readonly #isAble = (lane: Lane, deliveryClass: DeliveryClass): boolean => {
    const nowMs = this.#pumpMs;
    if (!lane.queues[deliveryClass]?.length || holdOf(lane, nowMs) !== undefined) return false;
    if (!lane.owned.isSafe() || !this.#knowledge.has(lane)) return false;
    return holdOf(lane, nowMs) === undefined;
  };

  /** Where a lane can send only one, it chooses which, as far as others leave it the slot. */
  #classToServe(lane: Lane, deliveryClass: DeliveryClass): DeliveryClass {
    if (lane.queues[deliveryClass]?.length === lane.queuedCount || !isNarrow(lane)) {
      return deliveryClass;
    }
    const isServable = (one: DeliveryClass) =>
      (lane.queues[one]?.length ?? 0) > 0 && (one === deliveryClass || this.#shares.mayTake(one));
    return nextClass(lane.tally, isServable) ?? deliveryClass;
  }

  /** Sends a lane's oldest delivery of a class; false when there is none after all. */
  #start(lane: Lane, deliveryClass: DeliveryClass, nowMs: number): boolean {
    const { webhook, share } = lane;
    const provider = this.#deps.subscriptions.latest(lane.workspaceUuid)?.provider;
    const item = webhook && provider && this.#lanes.dequeue(lane, deliveryClass);
    if (!item) return false;
    this.#shares.take(share, deliveryClass, item.event.data.length);
    lane.sendingCount += 1;
    lane.lastUsedMs = nowMs;
    lane.rateFreeAtMs = rateFreeAtMs(lane.rateFreeAtMs, webhook.ratePerSecond, nowMs);
    const isProbe = beginProbe(lane.breaker);
    if (isProbe) this.#states.mark(lane);
    const to = { webhook, provider, isProbe, startedAtMs: nowMs };
    const sending: Promise<void> = this.#send(lane, item, to)
      .catch((error: unknown) => this.#onFault(lane, item, { error, isProbe }))
      .finally(() => {
        lane.sendingCount -= 1;
        this.#shares.giveBack(share, deliveryClass);
        this.#underWay.delete(sending);
        this.#revisit(lane);
      });
    this.#underWay.set(sending, lane);
    this.#loader.look(lane, nowMs);
    if (nextMoveAtMs(lane) > nowMs) this.#lanes.arm(lane);
    return true;
  }

  async #send(
    lane: Lane,
    item: Item,
    to: { webhook: KnownWebhook; provider: KnownProvider; isProbe: boolean; startedAtMs: number },
  ): Promise<void> {
    const { clock, send, metrics } = this.#deps;
    const { owned } = lane;
    const { webhook, provider } = to;
    const waits = waitsOf(lane, item, to.startedAtMs);
    if (isSlowRate(webhook.ratePerSecond)) await this.#saveDebt(lane, to.startedAtMs);
    if (!owned.isSafe()) throw new AppError("unavailable", "the lease may be over");
    const number = item.attemptCount + 1;
    const signal = owned.lost;
    const input = {
      event: item.event,
      webhook,
      provider,
      number,
      waits,
      now: clock.now(),
      signal,
      tracing: this.#deps.tracing,
    };
    const made = await attempt(send, input);
    if (owned.lost.aborted) return; // the next owner sends it again
    metrics.onAttempt(made);
    this.#pace.note(lane.webhookUuid, made.durationMs);
    this.#conclude(lane, item, { ...to, made });
  }

  /** A slow rate counts from when the debt is on disk: that is when the delivery goes. */
  async #saveDebt(lane: Lane, startedAtMs: number): Promise<void> {
    await this.#states.save([lane]);
    lane.rateFreeAtMs += this.#deps.clock.nowMs() - startedAtMs;
    this.#lanes.arm(lane);
  }

  #conclude(
    lane: Lane,
    item: Item,
    of: { webhook: KnownWebhook; made: NewAttempt; isProbe: boolean; startedAtMs: number },
  ): void {
    const { clock, random, isWatched, results } = this.#deps;
    const { webhook, made } = of;
    const at = { now: clock.now(), random: random(), isWatched: isWatched(lane.workspaceUuid) };
    const { result, dueAt, blockedUntil, isGone } = conclude({ lane, item, webhook, made }, at);
    const told = { ...of, asksToWait: blockedUntil !== undefined };
    if (learnFrom(lane, told, clock.nowMs())) this.#states.mark(lane);
    if (blockedUntil) this.#lanes.block(lane, this.#msOf(blockedUntil), false);
    if (isGone) this.#lanes.turnOff(lane, webhook.targetVersion);
    else if (!isOpen(lane, clock.nowMs())) this.#lanes.setAside(lane);
    results.add(result, (isRecorded) => {
      if (isRecorded && result.state !== "PENDING") this.#deps.metrics.onEnded(result.state);
      this.#onSettled(lane, item, dueAt);
    });
  }

  #onSettled(lane: Lane, item: Item, dueAt?: Date): void {
    this.#lanes.release(lane, item);
    if (!dueAt && item.orderingKey !== undefined) this.#ordering.free(lane, item.orderingKey);
    if (dueAt && !lane.isOff) {
      const deliveryClass = item.deliveryClass === 0 ? 1 : item.deliveryClass;
      this.#lanes.expect(lane, deliveryClass, this.#msOf(dueAt));
    }
    this.#revisit(lane);
  }

  /** Subscription or Postgres is down, or a fault of ours: the row stays due, the lane waits. */
  #onFault(lane: Lane, item: Item, { error, isProbe }: { error: unknown; isProbe: boolean }): void {
    if (lane.owned.lost.aborted) return; // the POST was given up: the next owner sends it again
    if (isProbe) abandonProbe(lane.breaker);
    if (!isPassing(error)) {
      this.#deps.log.error({ err: error, delivery: item.deliveryUuid }, "sending failed");
      if (this.#faults.isHopeless(item.deliveryUuid)) {
        this.#deps.results.add(parkedResult(lane, item), () => this.#onSettled(lane, item));
        return;
      }
    }
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs >= this.#quietUntilMs) {
      this.#quietUntilMs = nowMs + quietMs;
      this.#deps.log.warn(
        { err: error },
        "deliveries wait for a fault of ours, without an attempt",
      );
    }
    this.#lanes.release(lane, item);
    this.#lanes.block(lane, nowMs + faultPauseMs, true);
    this.#lanes.expect(lane, item.deliveryClass, nowMs);
  }
}

/** Notes what the lane's deliveries wait for from now on. */
function noteHold(lane: Lane, nowMs: number): void {
  noteWait(lane.waitLog, hasWork(lane, nowMs) ? holdOf(lane, nowMs) : undefined, nowMs);
}

function waitsOf(lane: Lane, { sinceMs, orderWaitMs }: Item, nowMs: number): Waits {
  const waits = waitsBetween(lane.waitLog, sinceMs, nowMs);
  return orderWaitMs < toldMsMin ? waits : { ...waits, ORDER: Math.round(orderWaitMs) };
}
