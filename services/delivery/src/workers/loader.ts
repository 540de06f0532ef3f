import type { Clock, Logger } from "@posthorn/runtime";
import { type DeliveryClass, deliveryClasses } from "../domain/shares.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import { isPassing } from "./is-passing.ts";
import { isOpen, itemOf, type Lane, loadCount, shouldLoad } from "./lane.ts";
import type { Lanes } from "./lanes.ts";

export interface LoaderDeps {
  readonly store: Pick<DeliveryStore, "listDue">;
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
  /** Lanes that would read what is due but for memory or connections, in order. */
  readonly #starved = new Set<Lane>();
  #loadingCount = 0;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
  }

  /** Begins to read what a lane needs, or as soon as there is room. */
  look(lane: Lane, nowMs: number): void {
    for (const deliveryClass of deliveryClasses) {
      if ((lane.dueAtMs[deliveryClass] ?? 0) <= nowMs) this.#lookAt(lane, deliveryClass, nowMs);
    }
  }

  /** Lets lanes read for which there was no room, as far as there is now. */
  lookAgain(): void {
    for (const lane of this.#starved) {
      if (!this.#hasRoom()) return;
      this.#starved.delete(lane);
      if (!lane.owned.lost.aborted) this.look(lane, this.#deps.clock.nowMs());
    }
  }

  #hasRoom(): boolean {
    return this.#loadingCount < loadsMax && !this.#deps.lanes.isFull;
  }

  #lookAt(lane: Lane, deliveryClass: DeliveryClass, nowMs: number): void {
    const queueMax = this.#deps.lanes.queueMax(lane, deliveryClass);
    if (!shouldLoad(lane, deliveryClass, { nowMs, queueMax })) return;
    const room = queueMax - (lane.queues[deliveryClass]?.length ?? 0);
    if (room <= 0 || !this.#hasRoom()) this.#starved.add(lane);
    else void this.#load(lane, deliveryClass, loadCount(lane, room));
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
      lanes.enqueue(lane, itemOf(waiting, { deliveryClass, nowMs }));
    }
    if (nextWaitMs !== undefined) lanes.expect(lane, deliveryClass, nowMs + nextWaitMs);
  }
}
