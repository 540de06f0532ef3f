import type { Clock } from "@posthorn/runtime";
import type { BreakerState } from "../domain/breaker.ts";
import { dueHeap } from "../domain/due-heap.ts";
import { type DeliveryClass, deliveryClasses, type Shares } from "../domain/shares.ts";
import {
  emptyLane,
  type Item,
  isForgettable,
  isWorthRemembering,
  type Lane,
  nextMoveAtMs,
  queueMaxOf,
} from "./lane.ts";
import { type Remembered, restore, toRemember } from "./lane-states.ts";
import type { OwnedPartition } from "./ownership.ts";

interface Partition {
  readonly owned: OwnedPartition;
  readonly lanes: Map<string, Lane>;
  /** Of webhooks that have no lane; by UUID. */
  readonly remembered: Map<string, Remembered>;
}

export interface LanesDeps {
  readonly clock: Clock;
  readonly shares: Shares<Lane>;
  /** Called with lanes that may have something to do by the time. */
  readonly onTime: (lanes: readonly Lane[]) => void;
}

/** Timers are looked at again after this long at the latest. */
const timerMsMax = 60_000;
/** Deliveries that wait in memory, at most, all together, and the bytes of their events. */
const queuedMax = 4096;
const queuedBytesMax = 64 * 1024 * 1024;
/** A lane may always have so many, while memory is not full. */
const fewItems = 4;

/** The lanes of the partitions that this process owns, and when each is to be looked at. */
export class Lanes {
  /** Deliveries that wait in memory. */
  queuedCount = 0;
  /** The bytes of their events. */
  queuedBytes = 0;
  /** Places that are kept for deliveries that are being read. */
  reservedCount = 0;
  readonly #partitions = new Map<number, Partition>();
  readonly #timers = dueHeap<Lane>();
  readonly #deps: LanesDeps;
  #cancelTimer = () => {};
  #isStopped = false;

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** Begins a partition without lanes; `remembered` is by webhook. */
  open(owned: OwnedPartition, remembered: Map<string, Remembered>): void {
    this.#partitions.set(owned.partition, { owned, lanes: new Map(), remembered });
  }

  /** Forgets a partition's lanes; what is under way goes on by itself. Gives the lanes. */
  close(owned: OwnedPartition): readonly Lane[] {
    const partition = this.#partitions.get(owned.partition);
    if (partition?.owned !== owned) return [];
    this.#partitions.delete(owned.partition);
    const lanes = [...partition.lanes.values()];
    for (const lane of lanes) {
      this.#empty(lane);
      this.#deps.shares.leave(lane.share);
    }
    return lanes;
  }

  /** Gives the lane of a webhook, a new one if need be; undefined when the partition is not open. */
  get(key: { partition: number; webhookUuid: string; workspaceUuid: string }): Lane | undefined {
    const partition = this.#partitions.get(key.partition);
    if (!partition) return undefined;
    return partition.lanes.get(key.webhookUuid) ?? this.#newLane(partition, key);
  }

  /** Gives the lane of a webhook if there is one. */
  find(partition: number, webhookUuid: string): Lane | undefined {
    return this.#partitions.get(partition)?.lanes.get(webhookUuid);
  }

  #newLane(
    { owned, lanes, remembered }: Partition,
    { webhookUuid, workspaceUuid }: { webhookUuid: string; workspaceUuid: string },
  ): Lane {
    const { shares, clock } = this.#deps;
    const share = shares.join(workspaceUuid);
    const lane = emptyLane({ owned, webhookUuid, workspaceUuid, share });
    lane.lastUsedMs = clock.nowMs();
    const known = remembered.get(webhookUuid);
    if (known) restore(lane, known);
    remembered.delete(webhookUuid);
    lanes.set(webhookUuid, lane);
    return lane;
  }

  /** Counts the webhooks whose breaker is in a state, those without a lane included. */
  countBreakers(state: BreakerState): number {
    let count = 0;
    for (const { lanes, remembered } of this.#partitions.values()) {
      for (const { breaker } of lanes.values()) if (breaker.state === state) count += 1;
      for (const { breaker } of remembered.values()) if (breaker.state === state) count += 1;
    }
    return count;
  }

  /** Lists the partitions that are open. */
  listOwned(): OwnedPartition[] {
    return [...this.#partitions.values()].map(({ owned }) => owned);
  }

  /** Lists the lanes of one partition, or of all. */
  list(partition?: number): Lane[] {
    const partitions =
      partition === undefined ? [...this.#partitions.values()] : [this.#partitions.get(partition)];
    return partitions.flatMap((p) => (p ? [...p.lanes.values()] : []));
  }

  /** Puts a delivery into a lane's memory. */
  enqueue(lane: Lane, item: Item): void {
    lane.queues[item.deliveryClass]?.push(item);
    lane.busy.add(item.deliveryUuid);
    if (item.orderingKey !== undefined) lane.keysInMemory.add(item.orderingKey);
    this.#count(lane, item, 1);
  }

  /** Lets go of a delivery: what became of it is written, or it is due as it was. */
  release(lane: Lane, item: Item): void {
    lane.busy.delete(item.deliveryUuid);
    if (item.orderingKey !== undefined) lane.keysInMemory.delete(item.orderingKey);
  }

  /** Takes the lane's oldest delivery of a class out of memory; it stays busy. */
  dequeue(lane: Lane, deliveryClass: DeliveryClass): Item | undefined {
    const item = lane.queues[deliveryClass]?.shift();
    if (item) this.#count(lane, item, -1);
    return item;
  }

  /** Drops a delivery that waits in memory. */
  remove(lane: Lane, deliveryUuid: string): void {
    if (lane.queuedCount === 0) return;
    for (const queue of lane.queues) {
      const index = queue.findIndex((item) => item.deliveryUuid === deliveryUuid);
      const [item] = index < 0 ? [] : queue.splice(index, 1);
      if (!item) continue;
      this.release(lane, item);
      this.#count(lane, item, -1);
    }
  }

  /** Whether no more fits into memory, whosesoever it is. */
  get isFull(): boolean {
    return this.queuedCount + this.reservedCount >= queuedMax || this.queuedBytes >= queuedBytesMax;
  }

  /**
   * Gives how many deliveries of a class the lane may have in memory. A lane may take up half of
   * what is free, so that those that do not get rid of theirs leave room for others.
   */
  queueMax(lane: Lane, deliveryClass: DeliveryClass): number {
    if (this.isFull) return 0;
    if (lane.queuedBytes > (queuedBytesMax - this.queuedBytes) / 2) return fewItems;
    const fair = Math.floor((queuedMax - this.queuedCount - this.reservedCount) / 2);
    return Math.min(queueMaxOf(lane, deliveryClass), Math.max(fewItems, fair));
  }

  /** Notes that the schedule holds a delivery of the lane that is due at a time. */
  expect(lane: Lane, deliveryClass: DeliveryClass, dueAtMs: number): void {
    if (dueAtMs < (lane.dueAtMs[deliveryClass] ?? 0)) lane.dueAtMs[deliveryClass] = dueAtMs;
    this.arm(lane);
  }

  /** Notes that the schedule may hold due deliveries of any class. */
  expectAny(lane: Lane): void {
    lane.dueAtMs.fill(this.#deps.clock.nowMs());
    this.arm(lane);
  }

  /** Notes that the schedule holds nothing of the lane. */
  expectNothing(lane: Lane): void {
    lane.dueAtMs.fill(Number.POSITIVE_INFINITY);
  }

  /** Keeps a lane from sending until a time, which the receiver or a fault of ours asks for. */
  block(lane: Lane, untilMs: number, isFaultOfOurs: boolean): void {
    if (untilMs <= lane.blockedUntilMs) return;
    lane.blockedUntilMs = untilMs;
    lane.isFaultOfOurs = isFaultOfOurs;
    this.arm(lane);
  }

  /** Leaves what waits in a lane's memory to the schedule. */
  setAside(lane: Lane): void {
    if (lane.queuedCount > 0) lane.dueAtMs.fill(this.#deps.clock.nowMs());
    this.#empty(lane);
    this.arm(lane);
  }

  /** Stops a lane until `turnOn`; what waits in memory is left to the schedule. */
  turnOff(lane: Lane, targetVersion: string): void {
    lane.isOff = true;
    lane.offVersion = targetVersion;
    lane.dueAtMs.fill(0);
    this.#empty(lane);
  }

  /** Lets a lane go on with what the schedule holds. */
  turnOn(lane: Lane): void {
    lane.isOff = false;
    this.expectAny(lane);
  }

  /** Makes sure that the lane is looked at when it may next do something. */
  arm(lane: Lane): void {
    const atMs = nextMoveAtMs(lane);
    if (atMs >= lane.armedAtMs || this.#isStopped) return;
    lane.armedAtMs = atMs;
    this.#timers.push(atMs, lane);
    if (this.#timers.nextAtMs === atMs) this.#setTimer();
  }

  /** Forgets lanes of which nothing needs to be remembered. */
  sweep(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const { lanes, remembered } of this.#partitions.values()) {
      for (const lane of lanes.values()) {
        if (!isForgettable(lane, nowMs)) continue;
        lanes.delete(lane.webhookUuid);
        this.#deps.shares.leave(lane.share);
        if (isWorthRemembering(lane)) remembered.set(lane.webhookUuid, toRemember(lane));
      }
    }
  }

  /** Stops the timers. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #empty(lane: Lane): void {
    for (const deliveryClass of deliveryClasses) {
      for (const item of lane.queues[deliveryClass]?.splice(0) ?? []) {
        this.release(lane, item);
        this.#count(lane, item, -1);
      }
    }
  }

  #count(lane: Lane, item: Item, sign: 1 | -1): void {
    const bytes = sign * item.event.data.length;
    this.queuedCount += sign;
    this.queuedBytes += bytes;
    lane.queuedCount += sign;
    lane.queuedBytes += bytes;
  }

  #setTimer(): void {
    this.#cancelTimer();
    if (this.#timers.size === 0 || this.#isStopped) return;
    const { clock } = this.#deps;
    const waitMs = Math.max(this.#timers.nextAtMs - clock.nowMs(), 0);
    this.#cancelTimer = clock.after(Math.min(waitMs, timerMsMax), () => this.#onTimer());
  }

  #onTimer(): void {
    const nowMs = this.#deps.clock.nowMs();
    const ready: Lane[] = [];
    for (let lane = this.#timers.popDue(nowMs); lane; lane = this.#timers.popDue(nowMs)) {
      lane.armedAtMs = Number.POSITIVE_INFINITY;
      if (nextMoveAtMs(lane) <= nowMs) ready.push(lane);
      else this.arm(lane);
    }
    this.#setTimer();
    this.#deps.onTime(ready);
  }
}
