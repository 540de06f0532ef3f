import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import type { Breaker } from "../domain/breaker.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { LaneState, StoredLaneState } from "../store/lanes.ts";
import type { Lane } from "./lane.ts";

/** What is remembered of a webhook that has no lane in memory. Times are on the monotonic clock. */
export interface Remembered {
  readonly breaker: Pick<Breaker, "state" | "reason" | "untilMs" | "openCount">;
  readonly blockedUntilMs: number;
  readonly rateFreeAtMs: number;
  /** Infinity for as many POSTs as the webhook may have. */
  readonly window: number;
  readonly canceledBefore: Date | undefined;
}

/** Turns what was read into what is remembered. A probe that was under way is begun anew. */
export function rememberedOf(stored: StoredLaneState, nowMs: number): Remembered {
  return {
    breaker: {
      state: stored.breakerState === "CLOSED" ? "CLOSED" : "OPEN",
      reason: stored.breakerReason,
      untilMs: stored.breakerState === "CLOSED" ? 0 : nowMs + stored.breakerWaitMs,
      openCount: stored.breakerOpenCount,
    },
    blockedUntilMs: nowMs + stored.blockedWaitMs,
    rateFreeAtMs: nowMs + stored.rateWaitMs,
    window: stored.concurrency ?? Number.POSITIVE_INFINITY,
    canceledBefore: stored.canceledBefore,
  };
}

/** Puts what is remembered into a new lane. */
export function restore(lane: Lane, { breaker, window, ...rest }: Remembered): void {
  Object.assign(lane.breaker, breaker);
  lane.concurrency.window = window;
  lane.concurrency.steepBelow = window;
  Object.assign(lane, rest);
}

/** Gives what has to be remembered of a lane that is forgotten. */
export function toRemember(lane: Lane): Remembered {
  const { breaker, blockedUntilMs, rateFreeAtMs, concurrency, canceledBefore } = lane;
  const { state, reason, untilMs, openCount } = breaker;
  const { window } = concurrency;
  const kept = { state, reason, untilMs, openCount };
  return { breaker: kept, blockedUntilMs, rateFreeAtMs, window, canceledBefore };
}

function toState(lane: Lane, nowMs: number): LaneState {
  const { breaker, concurrency, rateFreeAtMs, webhookUuid, canceledBefore } = lane;
  return {
    webhookUuid,
    breakerState: breaker.state,
    breakerReason: breaker.reason,
    breakerWaitMs: Math.max(breaker.untilMs - nowMs, 0),
    breakerOpenCount: breaker.openCount,
    rateWaitMs: Math.max(rateFreeAtMs - nowMs, 0),
    concurrency: Number.isFinite(concurrency.window) ? Math.floor(concurrency.window) : undefined,
    canceledBefore,
  };
}

const saveEveryMs = 1000;

/**
 * Writes what the next owner of a partition has to know of webhooks: at most once a second, and
 * when the partition is handed over. A crash forgets what changed in the last second.
 */
export class LaneStates {
  readonly #deps: {
    readonly store: Pick<DeliveryStore, "recordLaneStates">;
    readonly clock: Clock;
    readonly log: Logger;
  };
  #changed = new Set<Lane>();

  constructor(deps: {
    readonly store: Pick<DeliveryStore, "recordLaneStates">;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#deps = deps;
  }

  /** Notes that a lane has to be written within a second. */
  mark(lane: Lane): void {
    this.#changed.add(lane);
  }

  /** Writes lanes now. Throws when Postgres is away. */
  async save(lanes: readonly Lane[]): Promise<void> {
    if (lanes.length === 0) return;
    const nowMs = this.#deps.clock.nowMs();
    await this.#deps.store.recordLaneStates(
      lanes.map((lane) => ({ held: lane.owned, state: toState(lane, nowMs) })),
    );
  }

  /** Writes those lanes of a partition that is handed over of which there is something to know. */
  async release(lanes: readonly Lane[]): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const isTelling = (lane: Lane) =>
      lane.rateFreeAtMs > nowMs || Number.isFinite(lane.concurrency.window);
    await this.save(lanes.filter((lane) => this.#changed.delete(lane) || isTelling(lane)));
  }

  /** Writes what changed, until it is told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#saveChanged();
      await this.#deps.clock.sleep(saveEveryMs, stop);
    }
  }

  async #saveChanged(): Promise<void> {
    const changed = this.#changed;
    this.#changed = new Set();
    try {
      await this.save([...changed].filter(({ owned }) => owned.isSafe()));
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#deps.log.warn({ err: error }, "what lanes came to could not be written; again soon");
      for (const lane of changed) this.#changed.add(lane);
    }
  }
}
