import { type Breaker, closedBreaker, isPassable } from "../domain/breaker.ts";
import { type Concurrency, concurrencyLimit, fullConcurrency } from "../domain/concurrency.ts";
import type { Envelope, EnvelopeSource } from "../domain/envelope.ts";
import { rateOpensAtMs } from "../domain/rate-limit.ts";
import type { Claimant, DeliveryClass, LaneShare } from "../domain/shares.ts";
import { emptyWaitLog, type WaitLog, type WaitReason } from "../domain/waits.ts";
import type { Waiting } from "../store/schedule.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Entry } from "./result-writer.ts";
import type { KnownWebhook } from "./subscriptions.ts";

/** An event as it is sent; shared by the deliveries of one event in one envelope. */
export interface SendableEvent extends EnvelopeSource {
  readonly traceparent: string;
  /** Absent: the default one. */
  readonly envelope?: Envelope;
  /** Rendered at the first send. */
  body?: Buffer | undefined;
}

/** A delivery in memory, waiting for a slot or under way. */
export interface Item {
  readonly deliveryUuid: string;
  readonly day: string;
  readonly event: SendableEvent;
  /** Attempts made so far. */
  readonly attemptCount: number;
  readonly deliveryClass: DeliveryClass;
  /** Since when it could have been sent, on the monotonic clock. */
  readonly sinceMs: number;
  /** Among whose deliveries it keeps its place; absent when its webhook is not ordered. */
  readonly orderingKey?: string;
  /** How long it waited before for earlier ones of its key. */
  readonly orderWaitMs: number;
  /** Absent when its row was there before it. */
  readonly unwritten?: Unwritten;
}

/** A delivery whose row may not be written yet. */
export interface Unwritten {
  /** Takes its result instead of the result writer; undefined: the row is written, or never will be. */
  take: ((entry: Entry) => void) | undefined;
}

/**
 * A webhook's place in the schedule of one partition, in memory. Times are on the monotonic clock;
 * what there is one of for each class stands in arrays.
 */
export interface Lane extends Claimant {
  readonly owned: OwnedPartition;
  readonly webhookUuid: string;
  readonly workspaceUuid: string;
  readonly share: LaneShare;
  /** Deliveries that wait for a slot, oldest first. */
  readonly queues: readonly Item[][];
  queuedCount: number;
  /** The bytes of their events. */
  queuedBytes: number;
  /** Deliveries that are queued, under way, or whose result is not written yet. */
  readonly busy: Set<string>;
  /** The ordering keys of those. */
  readonly keysInMemory: Set<string>;
  /** When the earliest delivery that is not in memory is due; Infinity for none known. */
  readonly dueAtMs: number[];
  readonly isLoading: boolean[];
  sendingCount: number;
  /** As last looked at; undefined before the first look, and when it is gone. */
  webhook: KnownWebhook | undefined;
  isLearning: boolean;
  readonly concurrency: Concurrency;
  readonly breaker: Breaker;
  /** When all that was sent is paid off under the rate limit. */
  rateFreeAtMs: number;
  /** Whose turn it is among the classes where only one may go. */
  readonly tally: number[];
  readonly waitLog: WaitLog;
  /** The mean size of the events that were read last; tells how many to read at once. */
  meanBytes: number;
  /** The receiver, or a fault of ours, asked for no sending before this time. */
  blockedUntilMs: number;
  isFaultOfOurs: boolean;
  /** When a timer looks at it next; Infinity for none. */
  armedAtMs: number;
  /** The webhook is paused, disabled or gone; changes only with what is known of it. */
  isOff: boolean;
  /** The webhook's target version that turned the lane off; empty when it was gone. */
  offVersion: string;
  /** Open deliveries are being canceled: none is read or sent meanwhile. */
  isCanceling: boolean;
  /** Open deliveries made before this time have been canceled. */
  canceledBefore: Date | undefined;
  lastUsedMs: number;
}

/** Makes a lane that knows of nothing due. */
export function emptyLane(
  key: Pick<Lane, "owned" | "webhookUuid" | "workspaceUuid" | "share">,
): Lane {
  const never = Number.POSITIVE_INFINITY;
  return {
    ...key,
    queues: [[], [], []],
    queuedCount: 0,
    queuedBytes: 0,
    busy: new Set(),
    keysInMemory: new Set(),
    dueAtMs: [never, never, never],
    isLoading: [false, false, false],
    sendingCount: 0,
    webhook: undefined,
    isLearning: false,
    concurrency: fullConcurrency(),
    breaker: closedBreaker(),
    rateFreeAtMs: 0,
    tally: [0, 0, 0],
    waitLog: emptyWaitLog(),
    meanBytes: 0,
    blockedUntilMs: 0,
    isFaultOfOurs: false,
    armedAtMs: never,
    isOff: false,
    offVersion: "",
    isCanceling: false,
    canceledBefore: undefined,
    lastUsedMs: 0,
  };
}

/** What is assumed of a webhook before the first look at it. */
const unknownInFlightMax = 1;

/** Gives how many POSTs the webhook may have under way now. */
export function inFlightLimit({ webhook, concurrency }: Lane): number {
  return concurrencyLimit(concurrency, webhook?.inFlightMax ?? unknownInFlightMax);
}

/** Tells what holds the lane's deliveries back, as far as the lane itself goes. */
export function holdOf(lane: Lane, nowMs: number): WaitReason | undefined {
  if (lane.isOff || lane.isCanceling) return "PAUSED";
  if (lane.blockedUntilMs > nowMs) return lane.isFaultOfOurs ? "SLOTS" : "RETRY_AFTER";
  if (!isPassable(lane.breaker, nowMs)) return "BREAKER";
  if (rateOpensMs(lane) > nowMs) return "RATE_LIMIT";
  return lane.sendingCount >= inFlightLimit(lane) ? "IN_FLIGHT" : undefined;
}

function rateOpensMs({ webhook, rateFreeAtMs }: Lane): number {
  return rateOpensAtMs(rateFreeAtMs, webhook?.ratePerSecond ?? 0);
}

/** Tells whether deliveries may be brought into memory: what holds them back will pass soon. */
export function isOpen(lane: Lane, nowMs: number): boolean {
  const isHeld = lane.isOff || lane.isCanceling || lane.blockedUntilMs > nowMs;
  return !isHeld && isPassable(lane.breaker, nowMs) && lane.owned.isSafe();
}

/** Tells whether it is the lane that decides which single delivery goes next. */
export function isNarrow(lane: Lane): boolean {
  const hasRate = (lane.webhook?.ratePerSecond ?? 0) > 0;
  return hasRate || lane.sendingCount + 1 >= inFlightLimit(lane) || lane.breaker.state !== "CLOSED";
}

/** Tells whether something waits in the lane now, in memory or in the schedule. */
export function hasWork(lane: Lane, nowMs: number): boolean {
  return lane.queuedCount > 0 || nextDueMs(lane) <= nowMs;
}

/** Gives when the earliest delivery that is not in memory is due; Infinity for none known. */
export function nextDueMs({ dueAtMs: [first = 0, retry = 0, replay = 0] }: Lane): number {
  return Math.min(first, retry, replay);
}

/** Tells whether deliveries of a class should be read from the schedule now. */
export function shouldLoad(
  lane: Lane,
  deliveryClass: DeliveryClass,
  { nowMs, queueMax }: { readonly nowMs: number; readonly queueMax: number },
): boolean {
  return (
    (lane.dueAtMs[deliveryClass] ?? 0) <= nowMs &&
    !lane.isLoading[deliveryClass] &&
    (lane.queues[deliveryClass]?.length ?? 0) <= queueMax / 2 &&
    isOpen(lane, nowMs)
  );
}

/**
 * Tells whether a fresh delivery may be taken into memory. While the schedule holds older ones it
 * is left there with them; while they are being read, it would be read and taken twice.
 */
export function canTake(
  lane: Lane,
  { nowMs, queueMax }: { readonly nowMs: number; readonly queueMax: number },
): boolean {
  return (
    (lane.dueAtMs[0] ?? 0) > nowMs &&
    !lane.isLoading[0] &&
    (lane.queues[0]?.length ?? 0) < queueMax &&
    isOpen(lane, nowMs)
  );
}

/** Deliveries of one webhook that wait in memory, at most, by class. */
const queueMaxima = [1024, 256, 256] as const;
/** Where a rate limit holds a webhook back, memory holds what goes within this time. */
const aheadS = 5;

/** Gives how many deliveries of a class the lane may have in memory, as far as itself goes. */
export function queueMaxOf(lane: Lane, deliveryClass: DeliveryClass): number {
  if (lane.breaker.state !== "CLOSED") return 1;
  const rate = lane.webhook?.ratePerSecond ?? 0;
  const sendable = rate === 0 ? Number.POSITIVE_INFINITY : Math.ceil(rate * aheadS) + 1;
  return Math.min(queueMaxima[deliveryClass], sendable);
}

/** What one reading of the schedule should bring, at most. */
const loadBytesMax = 4 * 1024 * 1024;

/** Tells how many deliveries to read at once, if there is room for so many: few where events are large. */
export function loadCount(lane: Lane, room: number): number {
  const fitting = Math.floor(loadBytesMax / Math.max(lane.meanBytes, 1));
  return Math.max(1, Math.min(room, fitting));
}

/** Gives when the lane may next do something by itself; Infinity when only others can move it. */
export function nextMoveAtMs(lane: Lane): number {
  const never = Number.POSITIVE_INFINITY;
  if (lane.isOff || lane.isCanceling || lane.breaker.state === "HALF_OPEN") return never;
  const opensMs = Math.max(lane.blockedUntilMs, lane.breaker.untilMs);
  const dueMs = Math.max(nextDueMs(lane), opensMs);
  return lane.queuedCount > 0 ? Math.min(dueMs, Math.max(opensMs, rateOpensMs(lane))) : dueMs;
}

/** How long an idle lane is remembered, for what its attempts told of its receiver. */
const rememberedMs = 5 * 60_000;

/** Tells whether nothing waits in the lane, now or later. */
export function isIdle(lane: Lane): boolean {
  const isLoading = lane.isLoading.includes(true) || lane.isLearning || lane.isCanceling;
  return lane.busy.size === 0 && nextDueMs(lane) === Number.POSITIVE_INFINITY && !isLoading;
}

/** Tells whether nothing is known of the lane that would have to be remembered. */
export function isForgettable(lane: Lane, nowMs: number): boolean {
  return (
    isIdle(lane) &&
    lane.blockedUntilMs <= nowMs &&
    lane.rateFreeAtMs <= nowMs &&
    lane.breaker.state === "CLOSED" &&
    lane.lastUsedMs + rememberedMs <= nowMs
  );
}

/** Tells whether a lane that is forgotten leaves something for the next one of its webhook. */
export function isWorthRemembering({ concurrency, canceledBefore }: Lane): boolean {
  return Number.isFinite(concurrency.window) || canceledBefore !== undefined;
}

/** Takes a delivery that was read from the schedule into memory. */
export function itemOf(
  waiting: Waiting,
  {
    deliveryClass,
    nowMs,
    envelope,
  }: { deliveryClass: DeliveryClass; nowMs: number; envelope?: Envelope | undefined },
): Item {
  return {
    deliveryUuid: waiting.deliveryUuid,
    day: waiting.day,
    attemptCount: waiting.attemptCount,
    deliveryClass,
    sinceMs: nowMs - waiting.overdueMs,
    orderWaitMs: waiting.orderWaitMs,
    ...(waiting.orderingKey !== undefined && { orderingKey: waiting.orderingKey }),
    event: {
      uuid: waiting.eventUuid,
      type: waiting.eventType,
      data: waiting.data,
      time: waiting.time,
      traceparent: waiting.traceparent,
      connectionId: waiting.connectionId,
      integrationName: waiting.integrationName,
      previousAttributes: waiting.previousAttributes,
      ...(envelope && { envelope }),
    },
  };
}
