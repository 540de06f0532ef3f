import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import type { DeliveryStore } from "../store/delivery-store.ts";
import { type Lane, nextDueMs } from "./lane.ts";
import type { LaneChanges } from "./lane-changes.ts";
import type { Lanes } from "./lanes.ts";
import type { Ordering } from "./ordering.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface FollowerDeps {
  readonly store: Pick<DeliveryStore, "listWaitingLanes">;
  readonly subscriptions: Subscriptions;
  readonly lanes: Lanes;
  readonly changes: LaneChanges;
  readonly ordering: Ordering;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when a lane was looked at. */
  readonly onFollowed: (lane: Lane) => void;
}

/** How often workspaces with waiting deliveries are asked for changes. */
const refreshMs = 1000;
/** Those whose next delivery is due later than this are asked less often. */
const soonMs = 3000;
const distantEveryTurns = 5;
/** Notices wake the sender; this is only the safety net under them. */
const rescanEveryTurns = 30;

/** Finds lanes with waiting deliveries, and has them follow what changes about their webhooks. */
export class Follower {
  readonly #deps: FollowerDeps;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  /** Makes the lanes of a partition that have waiting deliveries in the schedule. */
  async scan(owned: OwnedPartition): Promise<void> {
    const { store, lanes, ordering, clock } = this.#deps;
    const { partition } = owned;
    const waiting = await store.listWaitingLanes(partition);
    const nowMs = clock.nowMs();
    for (const { waitMs, deliveryClass, isOrdered, ...key } of waiting) {
      const lane = lanes.get({ partition, ...key });
      if (!lane) continue;
      lanes.expect(lane, deliveryClass, nowMs + waitMs);
      if (isOrdered) ordering.freeAny(lane);
    }
  }

  /** Looks for waiting deliveries that no notice told of. */
  async rescan(): Promise<void> {
    for (const owned of this.#deps.lanes.listOwned()) await this.scan(owned);
  }

  /** Follows until it is told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    for (let turn = 1; !stop.aborted; turn += 1) {
      await this.#turn(turn);
      await this.#deps.clock.sleep(refreshMs, stop);
    }
  }

  async #turn(turn: number): Promise<void> {
    const { subscriptions, lanes, log } = this.#deps;
    try {
      if (turn % rescanEveryTurns === 0) {
        lanes.sweep();
        await this.rescan();
      }
      const followed = this.#lanesToFollow(turn % distantEveryTurns === 0);
      if (followed.length === 0) return;
      await subscriptions.sync(new Set(followed.map((lane) => lane.workspaceUuid)));
      for (const lane of followed) this.#follow(lane);
    } catch (error) {
      if (!isPassing(error)) throw error;
      log.warn({ err: error }, "what changed in subscriptions could not be learned");
    }
  }

  #lanesToFollow(withDistant: boolean): Lane[] {
    const { lanes, clock } = this.#deps;
    const untilMs = withDistant ? Number.MAX_VALUE : clock.nowMs() + soonMs;
    return lanes.list().filter((lane) => lane.busy.size > 0 || nextDueMs(lane) <= untilMs);
  }

  #follow(lane: Lane): void {
    const { subscriptions, changes, onFollowed } = this.#deps;
    const workspace = subscriptions.fresh(lane.workspaceUuid);
    if (!workspace || lane.owned.lost.aborted) return;
    changes.take(lane, workspace.webhooks.get(lane.webhookUuid));
    onFollowed(lane);
  }
}
