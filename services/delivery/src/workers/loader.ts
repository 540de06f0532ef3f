import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import type { Envelope } from "../domain/envelope.ts";
import { type DeliveryClass, deliveryClasses } from "../domain/shares.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { Waiting } from "../store/schedule.ts";
import { isOpen, itemOf, type Lane, loadCount, shouldLoad } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface LoaderDeps {
  readonly store: Pick<DeliveryStore, "listDue">;
  readonly subscriptions: Pick<Subscriptions, "envelope">;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when something was read for a lane. */
  readonly onLoaded: (lane: Lane) => void;
}

/** How long a lane waits after a fault of our own. */
export const faultPauseMs = 1000;

/** Readings under way at once: writing results must not wait for connections behind them. */
const loadsMax = 6;

/** Brings what is due from the schedule into memory, class by class. */
export class Loader {
  readonly #deps: LoaderDeps;
  /** Lanes that have something to read, in the order in which they asked. */
  readonly #asking = new Set<Lane>();
  #loadingCount = 0;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
  }

  /** Reads what a lane needs, as soon as those that asked before have been served. */
  look(lane: Lane, nowMs: number): void {
    for (const deliveryClass of deliveryClasses) {
      if ((lane.dueAtMs[deliveryClass] ?? 0) > nowMs) continue;
      if (this.#roomFor(lane, deliveryClass, nowMs) > 0) this.#asking.add(lane);
    }
    if (this.#asking.size > 0) this.lookAgain();
  }

  /** Serves lanes that ask, as far as there is room. */
  lookAgain(): void {
    for (const lane of this.#asking) {
      if (this.#loadingCount >= loadsMax || this.#deps.lanes.isFull) return;
      this.#asking.delete(lane);
      if (!lane.owned.lost.aborted) this.#serve(lane);
    }
  }

  #serve(lane: Lane): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const deliveryClass of deliveryClasses) {
      const room = this.#roomFor(lane, deliveryClass, nowMs);
      if (room > 0) void this.#load(lane, deliveryClass, loadCount(lane, room));
    }
  }

  /** Gives how many deliveries are to be read: 0 for none now; at least one when memory is full. */
  #roomFor(lane: Lane, deliveryClass: DeliveryClass, nowMs: number): number {
    const { lanes } = this.#deps;
    const queueMax = Math.max(lanes.queueMax(lane, deliveryClass), 1);
    if (!shouldLoad(lane, deliveryClass, { nowMs, queueMax })) return 0;
    return queueMax - (lane.queues[deliveryClass]?.length ?? 0);
  }

  async #load(lane: Lane, deliveryClass: DeliveryClass, countMax: number): Promise<void> {
    const { lanes, clock, log, onLoaded } = this.#deps;
    this.#count(lane, deliveryClass, countMax);
    lane.dueAtMs[deliveryClass] = Number.POSITIVE_INFINITY;
    try {
      await this.#loadDue(lane, deliveryClass, countMax);
    } catch (error) {
      if (!isPassing(error)) log.error({ err: error }, "reading the schedule failed");
      lanes.block(lane, clock.nowMs() + faultPauseMs, true);
      lanes.expect(lane, deliveryClass, clock.nowMs());
    } finally {
      this.#count(lane, deliveryClass, -countMax);
    }
    onLoaded(lane);
    this.lookAgain();
  }

  #count(lane: Lane, deliveryClass: DeliveryClass, reserved: number): void {
    lane.isLoading[deliveryClass] = reserved > 0;
    this.#loadingCount += Math.sign(reserved);
    this.#deps.lanes.reservedCount += reserved;
  }

  async #loadDue(lane: Lane, deliveryClass: DeliveryClass, countMax: number): Promise<void> {
    const { store, lanes, clock } = this.#deps;
    const { due, nextWaitMs } = await store.listDue({
      partition: lane.owned.partition,
      webhookUuid: lane.webhookUuid,
      deliveryClass,
      busy: [...lane.busy],
      countMax,
    });
    const pinned = due.filter(({ pin }) => pin !== undefined);
    const envelopes = pinned.length > 0 ? await this.#envelopesOf(lane, pinned) : undefined;
    const nowMs = clock.nowMs();
    if (lane.owned.lost.aborted) return;
    if (!isOpen(lane, nowMs)) {
      lane.dueAtMs[deliveryClass] = nowMs; // it was stopped meanwhile: read again when it goes on
      return;
    }
    const bytes = due.reduce((sum, { data }) => sum + data.length, 0);
    if (due.length > 0) lane.meanBytes = bytes / due.length;
    for (const waiting of due) {
      // What was read may have become busy since: its own result tells when it is due again.
      if (lane.busy.has(waiting.deliveryUuid)) continue;
      const envelope = envelopes?.get(waiting.deliveryUuid);
      lanes.enqueue(lane, itemOf(waiting, { deliveryClass, nowMs, envelope }));
    }
    if (nextWaitMs !== undefined) lanes.expect(lane, deliveryClass, nowMs + nextWaitMs);
  }

  /** Gives the envelopes by delivery. Throws `unavailable` when an old one has to be asked for. */
  async #envelopesOf(
    lane: Lane,
    pinned: readonly Waiting[],
  ): Promise<ReadonlyMap<string, Envelope>> {
    const envelopes = new Map<string, Envelope>();
    for (const { deliveryUuid, pin } of pinned) {
      if (!pin) continue;
      const envelope = await this.#deps.subscriptions.envelope(lane.workspaceUuid, pin);
      envelopes.set(deliveryUuid, envelope);
    }
    return envelopes;
  }
}
