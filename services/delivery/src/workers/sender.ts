import { type Part, toMonotonicMs, toTimeOfDay } from "@posthorn/runtime";
import type { BreakerState } from "../domain/breaker.ts";
import { type DeliveryClass, deliveryClasses, Shares } from "../domain/shares.ts";
import { nextClass } from "../domain/turns.ts";
import type { OwnersView } from "../domain/waiting-for.ts";
import { noteWait } from "../domain/waits.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { NewDelivery } from "../store/fan-outs.ts";
import { Follower } from "./follower.ts";
import { canTake, hasWork, holdOf, type Item, isNarrow, type Lane, nextMoveAtMs } from "./lane.ts";
import { LaneChanges } from "./lane-changes.ts";
import { LaneKnowledge } from "./lane-knowledge.ts";
import { LaneStates, rememberedOf } from "./lane-states.ts";
import { Lanes } from "./lanes.ts";
import { Loader } from "./loader.ts";
import { oldestDueMs } from "./oldest-due.ts";
import { Ordering } from "./ordering.ts";
import type { OwnedPartition } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { Sending, type SendingDeps } from "./sending.ts";
import type { KnownWebhook } from "./subscriptions.ts";

export interface SenderDeps extends SendingDeps {
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
  readonly #sending: Sending;
  readonly #pace = new Pace();
  /** The time at which slots are being given out. */
  #pumpMs = 0;
  #isSearchDue = false;
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
    this.#loader = new Loader({ store, subscriptions, lanes, clock, log, onLoaded: revisit });
    const withSender = { shares: this.#shares, lanes, states, ordering, pace: this.#pace };
    this.#sending = new Sending(deps, { ...withSender, onChange: revisit });
  }

  /** POSTs under way. */
  get sendingCount(): number {
    return this.#sending.count;
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
    await this.#grace(this.#sending.ended(owned));
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
    const { clock } = this.#deps;
    const lane = this.#lanes.get(key);
    if (!lane || lane.busy.has(uuid)) return;
    if (place) this.#ordering.free(lane, place.key);
    else this.#lanes.expect(lane, 0, dueAt ? toMonotonicMs(clock, dueAt) : clock.nowMs());
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
    const { clock } = this.#deps;
    const { breaker, blockedUntilMs, isFaultOfOurs } = lane;
    return {
      hold: holdOf(lane, clock.nowMs()),
      isUnderWay: lane.busy.has(key.deliveryUuid) && !isQueued,
      lane: {
        blockedUntil: isFaultOfOurs ? undefined : toTimeOfDay(clock, blockedUntilMs),
        breakerState: breaker.state,
        breakerReason: breaker.reason,
        breakerUntil: breaker.state === "CLOSED" ? undefined : toTimeOfDay(clock, breaker.untilMs),
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
        await this.#grace(this.#sending.ended());
      },
    };
  }

  async #grace(ended: Promise<void>): Promise<void> {
    const over = new AbortController();
    const limit = this.#deps.clock.sleep(this.#options.stopGraceMs, over.signal);
    await Promise.race([ended, limit]);
    over.abort();
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
      const { lane } = turn;
      if (!this.#sending.begin(lane, this.#classToServe(lane, turn.deliveryClass), nowMs)) break;
      this.#loader.look(lane, nowMs);
      if (nextMoveAtMs(lane) > nowMs) this.#lanes.arm(lane);
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
    // What is known now may have switched the lane off, or lowered what it may have under way.
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
}

/** Notes what the lane's deliveries wait for from now on. */
function noteHold(lane: Lane, nowMs: number): void {
  noteWait(lane.waitLog, hasWork(lane, nowMs) ? holdOf(lane, nowMs) : undefined, nowMs);
}
