import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger, Part, Wakeup } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Notice } from "../domain/notice.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Database } from "../store/database.ts";
import { deleteNotices, listNotices, parkNotice } from "../store/notices.ts";
import { faultCounter } from "./fault-counter.ts";

export interface RelayDeps {
  readonly db: Kysely<Database>;
  /** The partitions that this process owns: only their notices are acted on. */
  readonly ownedPartitions: () => readonly number[];
  /** Does what notices ask; may be called again with the same ones. */
  readonly act: (notices: readonly Notice[]) => Promise<void>;
  readonly wakeup: Wakeup;
  readonly log: Logger;
  readonly metrics: Pick<DeliveryMetrics, "onNotices" | "onParkedNotice">;
  readonly clock: Clock;
}

const noticesPerTurnMax = 200;
/** How often notices are looked for when nobody wakes the relay. */
const pollMs = 5_000;
/** The wait after a turn that failed. */
const retryMs = 1_000;

/**
 * Acts on the notices that results left, in order, partition by partition the owner alone: asks
 * subscription to disable webhooks, and publishes outcomes and operational events. A notice goes
 * when that is done, so a crash repeats it; all of it is idempotent or says who it is. While
 * subscription or the log is away notices wait; one that fails as a defect three times, alone, is
 * parked.
 */
export function relay(deps: RelayDeps): Part {
  const faults = faultCounter();
  return {
    name: "relay",
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        const done = await turn();
        if (done === "failed") await deps.clock.sleep(retryMs, stop);
        else if (done === "all") await deps.wakeup.wait({ timeoutMs: pollMs, stop });
      }
    },
  };

  async function turn(): Promise<"all" | "some" | "failed"> {
    try {
      const partitions = deps.ownedPartitions();
      const notices =
        partitions.length === 0 ? [] : await listNotices(deps.db, partitions, noticesPerTurnMax);
      deps.metrics.onNotices(
        notices[0] && deps.clock.now().getTime() - notices[0].createdAt.getTime(),
      );
      if (notices.length === 0) return "all";
      if (!(await finish(notices))) return "failed";
      return notices.length < noticesPerTurnMax ? "all" : "some";
    } catch (error) {
      if (!isPassing(error)) throw error;
      deps.log.warn({ err: error }, "notices wait for subscription, the log or Postgres");
      return "failed";
    }
  }

  /** False when some of them are left. */
  async function finish(notices: readonly Notice[]): Promise<boolean> {
    try {
      await deps.act(notices);
      await deleteNotices(deps.db, notices);
      return true;
    } catch (error) {
      if (isPassing(error)) throw error;
      if (notices.length === 1) return giveUp(notices[0], error);
    }
    let isDone = true;
    for (const notice of notices) isDone = (await finish([notice])) && isDone;
    return isDone;
  }

  async function giveUp(notice: Notice | undefined, error: unknown): Promise<boolean> {
    if (!notice) return true;
    deps.log.error({ err: error, notice: notice.id, kind: notice.kind }, "a notice failed");
    if (!faults.isHopeless(notice.id)) return false;
    await parkNotice(deps.db, notice, error instanceof Error ? error.message : String(error));
    deps.metrics.onParkedNotice();
    deps.log.error({ notice: notice.id, kind: notice.kind }, "parked a notice");
    return true;
  }
}
