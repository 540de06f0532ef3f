import type { StoredState } from "../domain/delivery.ts";
import type { DeliveryClass } from "../domain/shares.ts";
import type { NewEvent } from "../store/fan-outs.ts";
import type { LaneState } from "../store/lanes.ts";
import type { Place } from "../store/ordering.ts";
import type { NewAttempt } from "../store/result.ts";

/** A lease. Times are milliseconds of the world. */
export interface PartitionRow {
  owner: string | undefined;
  epoch: bigint;
  leaseUntilMs: number;
}

export interface DeliveryRow {
  readonly uuid: string;
  readonly partition: number;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly eventUuid: string;
  /** Empty for the event itself; another for each resend. */
  readonly triggerId: string;
  readonly createdAtMs: number;
  state: StoredState;
  stateReason: string;
  attemptCount: number;
  failureCount: number;
}

export interface ScheduleRow {
  readonly delivery: DeliveryRow;
  /** Rows that are due at the same time come in the order in which they were made. */
  readonly sequence: number;
  deliveryClass: DeliveryClass;
  /** Infinity while it stands behind others of its ordering key. */
  dueAtMs: number;
  attemptCount: number;
  /** Where it stands in order; undefined when it does not. */
  order: { readonly place: Place; readonly readyAtMs: number } | undefined;
}

/** What an owner leaves to the next. Times are milliseconds of the world. */
export interface LaneRow {
  blockedUntilMs: number;
  /** Undefined while no owner has written any. */
  state: LaneState | undefined;
  /** When the state was written, from which its waits count. */
  writtenAtMs: number;
}

export interface AttemptRow {
  readonly attempt: NewAttempt;
  readonly recordedAtMs: number;
}

/** What lies in Postgres. */
export class Tables {
  readonly partitions: readonly PartitionRow[];
  /** The next offset, by partition. */
  readonly progress: bigint[];
  readonly events = new Map<string, NewEvent>();
  readonly deliveries = new Map<string, DeliveryRow>();
  /** By delivery, then by number. */
  readonly attempts = new Map<string, Map<number, AttemptRow>>();
  readonly schedule = new Map<string, ScheduleRow>();
  /** By partition and webhook. */
  readonly lanes = new Map<string, LaneRow>();
  readonly triggers = new Set<string>();
  readonly outbox: { readonly webhookUuid: string; readonly version: string }[] = [];
  #sequence = 0;

  constructor(partitionCount: number) {
    this.partitions = Array.from({ length: partitionCount }, () => ({
      owner: undefined,
      epoch: 0n,
      leaseUntilMs: Number.NEGATIVE_INFINITY,
    }));
    this.progress = Array.from({ length: partitionCount }, () => 0n);
  }

  /** Gives the row of a webhook's lane, a new one if need be. */
  lane(partition: number, webhookUuid: string): LaneRow {
    const key = `${partition} ${webhookUuid}`;
    const row = this.lanes.get(key) ?? { blockedUntilMs: 0, state: undefined, writtenAtMs: 0 };
    this.lanes.set(key, row);
    return row;
  }

  /** Adds a delivery. Throws like Postgres when the event has been delivered for that reason before. */
  insertDelivery(row: DeliveryRow): void {
    const key = `${row.eventUuid} ${row.webhookUuid} ${row.triggerId}`;
    if (this.triggers.has(key)) throw new Error(`delivery_trigger_key is violated by ${key}`);
    this.triggers.add(key);
    this.deliveries.set(row.uuid, row);
  }

  insertSchedule(row: Omit<ScheduleRow, "sequence">): void {
    this.#sequence += 1;
    this.schedule.set(row.delivery.uuid, { ...row, sequence: this.#sequence });
  }
}
