import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import { closeBreaker } from "../domain/breaker.ts";
import { startSlowly } from "../domain/concurrency.ts";
import { rateFreeUnder } from "../domain/rate-limit.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { ScheduleCursor } from "../store/schedule.ts";
import type { Lane } from "./lane.ts";
import type { LaneStates } from "./lane-states.ts";
import type { Lanes } from "./lanes.ts";
import type { Ordering } from "./ordering.ts";
import type { KnownWebhook } from "./subscriptions.ts";

export interface LaneChangesDeps {
  readonly store: Pick<DeliveryStore, "cancelMadeBefore" | "cancelWaiting" | "deleteLaneState">;
  readonly lanes: Lanes;
  readonly states: LaneStates;
  readonly ordering: Ordering;
  readonly log: Logger;
  /** Called when a lane may go on. */
  readonly onChange: (lane: Lane) => void;
  readonly clock: Clock;
}

/** Has lanes follow what users and we change about their webhooks. */
export class LaneChanges {
  readonly #deps: LaneChangesDeps;

  constructor(deps: LaneChangesDeps) {
    this.#deps = deps;
  }

  /** Takes in what a lane's webhook is now; undefined when it is gone. Cheap when nothing changed. */
  take(lane: Lane, webhook: KnownWebhook | undefined): void {
    const before = lane.webhook;
    if (webhook === before && webhook !== undefined) return;
    lane.webhook = webhook;
    if (!webhook) {
      this.#deps.lanes.turnOff(lane, "");
      this.#cancel(lane, () => this.#cancelAll(lane));
      return;
    }
    if (before && before.targetVersion !== webhook.targetVersion) this.#onNewTarget(lane);
    if (before?.ratePerSecond !== webhook.ratePerSecond) this.#onNewRate(lane, webhook);
    if (before?.isOrdered && !webhook.isOrdered) this.#deps.ordering.freeAny(lane);
    this.#turn(lane, webhook);
    const { cancelBefore } = webhook;
    if (cancelBefore && cancelBefore > (lane.canceledBefore ?? 0)) {
      this.#cancel(lane, () => this.#cancelMadeBefore(lane, cancelBefore));
    }
  }

  #turn(lane: Lane, { state, targetVersion }: KnownWebhook): void {
    const { lanes } = this.#deps;
    if (state !== "ACTIVE") {
      if (!lane.isOff || lane.offVersion !== targetVersion) lanes.turnOff(lane, targetVersion);
    } else if (lane.isOff && targetVersion !== lane.offVersion) {
      // The version that answered 410 is still ACTIVE until the notice of it has been acted on.
      lanes.turnOn(lane);
    }
  }

  /** It leads elsewhere, or a user switched it on: what was known of its receiver is old. */
  #onNewTarget(lane: Lane): void {
    if (lane.breaker.state === "CLOSED") return;
    closeBreaker(lane.breaker, this.#deps.clock.nowMs());
    startSlowly(lane.concurrency);
    this.#deps.states.mark(lane);
  }

  #onNewRate(lane: Lane, { ratePerSecond }: KnownWebhook): void {
    lane.rateFreeAtMs = rateFreeUnder(lane.rateFreeAtMs, ratePerSecond, this.#deps.clock.nowMs());
  }

  /** Keeps a lane from reading and sending while its deliveries are canceled. */
  #cancel(lane: Lane, run: () => Promise<void>): void {
    if (lane.isCanceling) return;
    const { lanes, log, onChange } = this.#deps;
    lane.isCanceling = true;
    lanes.setAside(lane);
    run()
      .catch((error: unknown) => {
        const level = isPassing(error) ? "warn" : "error";
        log[level]({ err: error, webhook: lane.webhookUuid }, "canceling failed; again soon");
      })
      .finally(() => {
        lane.isCanceling = false;
        lane.webhook = undefined; // what changed meanwhile, or failed, is looked at again
        onChange(lane);
      });
  }

  /** The webhook is gone: its open deliveries end. */
  async #cancelAll(lane: Lane): Promise<void> {
    const { store, lanes } = this.#deps;
    const { webhookUuid, owned } = lane;
    const { partition } = owned;
    let count = Number.POSITIVE_INFINITY;
    while (count > 0 && owned.isSafe()) {
      count = await store.cancelWaiting({ partition, webhookUuid, reason: "WEBHOOK_DELETED" });
    }
    if (count > 0) return;
    await store.deleteLaneState({ partition, webhookUuid });
    lanes.expectNothing(lane);
  }

  /** A user dropped what was held: open deliveries made before a time end. */
  async #cancelMadeBefore(lane: Lane, before: Date): Promise<void> {
    const { store, lanes, states, ordering } = this.#deps;
    const { webhookUuid, owned } = lane;
    const key = { partition: owned.partition, webhookUuid, before };
    let cursor: ScheduleCursor | undefined;
    do {
      if (!owned.isSafe()) return;
      cursor = await store.cancelMadeBefore(key, cursor);
    } while (cursor);
    lane.canceledBefore = before;
    states.mark(lane);
    if (!lane.isOff) lanes.expectAny(lane);
    if (lane.webhook?.isOrdered) ordering.freeAny(lane);
  }
}
