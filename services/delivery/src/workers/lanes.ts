import type { Clock } from "@posthorn/runtime";
import { dueHeap } from "../domain/due-heap.ts";
import { emptyLane, type Item, isForgettable, type Lane, nextMoveAtMs } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";

interface Partition {
  readonly owned: OwnedPartition;
  readonly lanes: Map<string, Lane>;
  /** Webhooks that asked to be left alone, from an earlier life; by UUID. */
  readonly blockedUntilMs: ReadonlyMap<string, number>;
}

/** Timers are looked at again after this long at the latest. */
const timerMsMax = 60_000;

/** The lanes of the partitions that this process owns, and when each is to be looked at. */
export class Lanes {
  /** Lanes that may have something to do now, in turn. */
  readonly ready = new Set<Lane>();
  /** Deliveries that wait in memory. */
  queuedCount = 0;
  /** The bytes of their events. */
  queuedBytes = 0;
  readonly #partitions = new Map<number, Partition>();
  readonly #timers = dueHeap<Lane>();
  readonly #clock: Clock;
  readonly #onReady: () => void;
  #cancelTimer = () => {};
  #isStopped = false;

  /** `onReady` is called when lanes became ready by a timer. */
  constructor(deps: { clock: Clock; onReady: () => void }) {
    this.#clock = deps.clock;
    this.#onReady = deps.onReady;
  }

  /** Begins a partition without lanes. */
  open(owned: OwnedPartition, blockedUntilMs: ReadonlyMap<string, number>): void {
    this.#partitions.set(owned.partition, { owned, lanes: new Map(), blockedUntilMs });
  }

  /** Forgets a partition's lanes; what is under way goes on by itself. */
  close(owned: OwnedPartition): void {
    const partition = this.#partitions.get(owned.partition);
    if (partition?.owned !== owned) return;
    for (const lane of partition.lanes.values()) this.#empty(lane);
    this.#partitions.delete(owned.partition);
  }

  /** Gives the lane of a webhook, a new one if need be; undefined when the partition is not open. */
  get(key: { partition: number; webhookUuid: string; workspaceUuid: string }): Lane | undefined {
    const partition = this.#partitions.get(key.partition);
    if (!partition) return undefined;
    const existing = partition.lanes.get(key.webhookUuid);
    if (existing) return existing;
    const blockedUntilMs = partition.blockedUntilMs.get(key.webhookUuid) ?? 0;
    const { webhookUuid, workspaceUuid } = key;
    const lane = emptyLane({ owned: partition.owned, webhookUuid, workspaceUuid, blockedUntilMs });
    partition.lanes.set(webhookUuid, lane);
    return lane;
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
    lane.queue.push(item);
    lane.busy.add(item.deliveryUuid);
    this.#count(item, 1);
  }

  /** Takes the lane's oldest delivery out of the queue; it stays busy. */
  dequeue(lane: Lane): Item | undefined {
    const item = lane.queue.shift();
    if (item) this.#count(item, -1);
    return item;
  }

  /** Drops a delivery that waits in memory. */
  remove(lane: Lane, deliveryUuid: string): void {
    const item = lane.queue.find((each) => each.deliveryUuid === deliveryUuid);
    if (!item) return;
    lane.queue.splice(lane.queue.indexOf(item), 1);
    lane.busy.delete(deliveryUuid);
    this.#count(item, -1);
  }

  /** Notes that the schedule holds a delivery of the lane that is due at a time. */
  expect(lane: Lane, dueAtMs: number): void {
    lane.dueAtMs = Math.min(lane.dueAtMs, dueAtMs);
    this.arm(lane);
  }

  /** Keeps a lane from sending until a time. */
  block(lane: Lane, untilMs: number): void {
    lane.blockedUntilMs = Math.max(lane.blockedUntilMs, untilMs);
    this.arm(lane);
  }

  /** Stops a lane until `turnOn`; what waits in memory is left to the schedule. */
  turnOff(lane: Lane, version: string): void {
    lane.isOff = true;
    lane.offVersion = version;
    lane.dueAtMs = 0;
    this.#empty(lane);
  }

  /** Lets a lane go on with what the schedule holds. */
  turnOn(lane: Lane): void {
    lane.isOff = false;
    this.expect(lane, this.#clock.nowMs());
  }

  /** Makes sure that the lane is looked at when it may next do something. */
  arm(lane: Lane): void {
    const atMs = nextMoveAtMs(lane);
    if (atMs >= lane.armedAtMs || this.#isStopped) return;
    lane.armedAtMs = atMs;
    this.#timers.push(atMs, lane);
    if (this.#timers.nextAtMs === atMs) this.#setTimer();
  }

  /** Forgets a lane of which nothing needs to be remembered. */
  dropIfIdle(lane: Lane): void {
    if (!isForgettable(lane, this.#clock.nowMs())) return;
    const partition = this.#partitions.get(lane.owned.partition);
    if (partition?.lanes.get(lane.webhookUuid) === lane) partition.lanes.delete(lane.webhookUuid);
  }

  /** Stops the timers. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #empty(lane: Lane): void {
    for (const item of lane.queue.splice(0)) {
      lane.busy.delete(item.deliveryUuid);
      this.#count(item, -1);
    }
    this.ready.delete(lane);
  }

  #count(item: Item, sign: 1 | -1): void {
    this.queuedCount += sign;
    this.queuedBytes += sign * item.event.data.length;
  }

  #setTimer(): void {
    this.#cancelTimer();
    if (this.#timers.size === 0 || this.#isStopped) return;
    const waitMs = Math.max(this.#timers.nextAtMs - this.#clock.nowMs(), 0);
    this.#cancelTimer = this.#clock.after(Math.min(waitMs, timerMsMax), () => this.#onTimer());
  }

  #onTimer(): void {
    const nowMs = this.#clock.nowMs();
    for (let lane = this.#timers.popDue(nowMs); lane; lane = this.#timers.popDue(nowMs)) {
      lane.armedAtMs = Number.POSITIVE_INFINITY;
      if (nextMoveAtMs(lane) <= nowMs) this.ready.add(lane);
      else this.arm(lane);
    }
    this.#setTimer();
    this.#onReady();
  }
}
