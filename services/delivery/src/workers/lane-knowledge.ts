import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import type { Lane } from "./lane.ts";
import type { LaneChanges } from "./lane-changes.ts";
import type { Lanes } from "./lanes.ts";
import { faultPauseMs } from "./loader.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface LaneKnowledgeDeps {
  readonly subscriptions: Subscriptions;
  readonly lanes: Lanes;
  readonly changes: LaneChanges;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when what a lane waited for was learned, or could not be. */
  readonly onLearned: (lane: Lane) => void;
}

/** Sees to it that nothing is sent on what was true of a webhook more than a second ago. */
export class LaneKnowledge {
  readonly #deps: LaneKnowledgeDeps;
  /** A lane whose webhook was asked for a moment ago, however slowly the answer came. */
  #justLearned: Lane | undefined;

  constructor(deps: LaneKnowledgeDeps) {
    this.#deps = deps;
  }

  /** Tells whether the lane's webhook is there and known as it is now; if not known, finds out. */
  has(lane: Lane): boolean {
    const { subscriptions, changes } = this.#deps;
    const { workspaceUuid } = lane;
    const workspace =
      this.#justLearned === lane
        ? subscriptions.latest(workspaceUuid)
        : subscriptions.fresh(workspaceUuid);
    if (!workspace) {
      this.#learn(lane);
      return false;
    }
    changes.take(lane, workspace.webhooks.get(lane.webhookUuid));
    return lane.webhook !== undefined && workspace.provider !== undefined;
  }

  #learn(lane: Lane): void {
    if (lane.isLearning) return;
    lane.isLearning = true;
    this.#deps.subscriptions
      .current(lane.workspaceUuid)
      .then(() => {
        this.#justLearned = lane;
      })
      .catch((error: unknown) => this.#onFault(lane, error))
      .finally(() => {
        lane.isLearning = false;
        this.#deps.onLearned(lane);
        this.#justLearned = undefined;
      });
  }

  #onFault(lane: Lane, error: unknown): void {
    const { lanes, clock, log } = this.#deps;
    if (!isPassing(error)) log.error({ err: error }, "a webhook could not be looked up");
    lanes.block(lane, clock.nowMs() + faultPauseMs, true);
  }
}
