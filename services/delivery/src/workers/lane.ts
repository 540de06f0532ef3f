import type { EnvelopeSource } from "../domain/envelope.ts";
import type { Waiting } from "../store/schedule.ts";
import type { OwnedPartition } from "./ownership.ts";

/** An event as it is sent; shared by the deliveries of one event. */
export interface SendableEvent extends EnvelopeSource {
  readonly uuid: string;
  readonly traceparent: string;
  /** Rendered at the first send. */
  body?: Buffer;
}

/** A delivery in memory, waiting for a slot or under way. */
export interface Item {
  readonly deliveryUuid: string;
  readonly day: string;
  readonly event: SendableEvent;
  /** Attempts made so far. */
  readonly attemptCount: number;
}

/** A webhook's place in the schedule of one partition, in memory. */
export interface Lane {
  readonly owned: OwnedPartition;
  readonly webhookUuid: string;
  readonly workspaceUuid: string;
  /** Deliveries that wait for a slot, oldest first. */
  readonly queue: Item[];
  /** Deliveries that are queued, under way, or whose result is not written yet. */
  readonly busy: Set<string>;
  sendingCount: number;
  /** As known when it was last sent to. */
  inFlightMax: number;
  /** The mean size of the events that were read last; tells how many to read at once. */
  meanBytes: number;
  /** When the earliest delivery that is not in memory is due; Infinity for none known. */
  dueAtMs: number;
  /** The receiver, or a fault of ours, asked for no sending before this time. */
  blockedUntilMs: number;
  /** When a timer looks at it next; Infinity for none. */
  armedAtMs: number;
  /** The webhook is paused, disabled or gone; changes only with what is known of it. */
  isOff: boolean;
  /** The version of the webhook that turned the lane off; empty when it was gone. */
  offVersion: string;
  isLoading: boolean;
}

/** Makes a lane that knows of nothing due. */
export function emptyLane(
  key: Pick<Lane, "owned" | "webhookUuid" | "workspaceUuid" | "blockedUntilMs">,
): Lane {
  return {
    ...key,
    queue: [],
    busy: new Set(),
    sendingCount: 0,
    inFlightMax: 64,
    meanBytes: 0,
    dueAtMs: Number.POSITIVE_INFINITY,
    armedAtMs: Number.POSITIVE_INFINITY,
    isOff: false,
    offVersion: "",
    isLoading: false,
  };
}

/** Tells whether the lane may be sent to now, as far as it itself goes. */
export function isOpen(lane: Lane, nowMs: number): boolean {
  return !lane.isOff && lane.blockedUntilMs <= nowMs && lane.owned.isSafe();
}

/** Tells whether the lane has a delivery in memory that may be sent now. */
export function canSend(lane: Lane, nowMs: number): boolean {
  return lane.queue.length > 0 && lane.sendingCount < lane.inFlightMax && isOpen(lane, nowMs);
}

/** Tells whether deliveries should be read from the schedule now. */
export function shouldLoad(lane: Lane, nowMs: number, queueMax: number): boolean {
  return (
    !lane.isLoading &&
    lane.dueAtMs <= nowMs &&
    lane.queue.length <= queueMax / 2 &&
    isOpen(lane, nowMs)
  );
}

/**
 * Tells whether a fresh delivery may be taken into memory. While the schedule holds older ones it
 * is left there with them; while they are being read, it would be read and taken twice.
 */
export function canTake(lane: Lane, nowMs: number, queueMax: number): boolean {
  return (
    !lane.isLoading && lane.dueAtMs > nowMs && lane.queue.length < queueMax && isOpen(lane, nowMs)
  );
}

/** What one reading of the schedule should bring, at most. */
const loadBytesMax = 4 * 1024 * 1024;

/** Tells how many deliveries to read at once: few where events are large. */
export function loadCount(lane: Lane, queueMax: number): number {
  const fitting = Math.floor(loadBytesMax / Math.max(lane.meanBytes, 1));
  return Math.max(1, Math.min(queueMax - lane.queue.length, fitting));
}

/** Gives when the lane may next do something by itself; Infinity when only others can move it. */
export function nextMoveAtMs(lane: Lane): number {
  if (lane.isOff) return Number.POSITIVE_INFINITY;
  return Math.max(lane.queue.length > 0 ? 0 : lane.dueAtMs, lane.blockedUntilMs);
}

/** Tells whether nothing is known of the lane that would have to be remembered. */
export function isForgettable(lane: Lane, nowMs: number): boolean {
  return (
    lane.busy.size === 0 &&
    lane.dueAtMs === Number.POSITIVE_INFINITY &&
    lane.blockedUntilMs <= nowMs &&
    !lane.isLoading
  );
}

/** Takes a delivery that was read from the schedule into memory. */
export function itemOf(waiting: Waiting): Item {
  return {
    deliveryUuid: waiting.deliveryUuid,
    day: waiting.day,
    attemptCount: waiting.attemptCount,
    event: {
      uuid: waiting.eventUuid,
      type: waiting.eventType,
      data: waiting.data,
      time: waiting.time,
      traceparent: waiting.traceparent,
    },
  };
}
