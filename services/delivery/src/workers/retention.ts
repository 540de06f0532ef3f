import { isLockTimeout, isUnavailable } from "@posthorn/postgres";
import type { Clock, Logger, Part } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { lastExpiredDay } from "../domain/retention.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import { copyWithoutBodies, hasOpenDeliveries, replaceByCopy } from "../store/bodies.ts";
import type { Database } from "../store/database.ts";
import { dayTableName } from "../store/days.ts";
import { cancelExpired, deleteLeftovers, getTime } from "../store/expiry.ts";
import { asLeader } from "../store/leader.ts";
import {
  deleteDay,
  dropDetached,
  insertExpired,
  isAttached,
  listDays,
  listExpired,
} from "../store/old-days.ts";
import { listWaitingLanes } from "../store/schedule.ts";
import { deleteStats } from "../store/stats.ts";
import type { OwnedPartition } from "./ownership.ts";

export interface RetentionDeps {
  readonly db: Kysely<Database>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Pick<DeliveryMetrics, "onExpired" | "onRetentionFailure">;
  readonly ownedPartitions: () => readonly OwnedPartition[];
  /** Drops a delivery that was canceled from the sender's memory. */
  readonly forget: (partition: number, deliveryUuid: string) => void;
}

export interface RetentionOptions {
  /** How many whole days after an event's own its body is kept. */
  readonly bodiesDays: number;
  /** The same for events, deliveries, attempts and all else; at least `bodiesDays`. */
  readonly rowsDays: number;
}

const lookEveryMs = 3_600_000;
/** While something could not be done: another owner has still to cancel, or a lock was not had. */
const lookAgainMs = 60_000;
/** Counters may be asked for from the beginning of a day, in any time zone. */
const statsMoreDays = 2;
/** Between two statements that copy, so that others get their turn. */
const copyPauseMs = 10;
/** Between the end of a day's last delivery and its drop: attempts under way are recorded by then. */
const restMs = 600_000;
/** Apart from every other advisory lock of the database. */
const leaderLock = "delivery.retention";

/** A day of which the bodies, at least, are to go. */
interface OldDay {
  readonly day: string;
  readonly now: Date;
  /** When its bodies went. */
  readonly expiredAt: Date | undefined;
  /** Whether all of it is to go. */
  readonly isDue: boolean;
}

/**
 * Keeps what is old within its days: deliveries that still wait when their event's body goes end
 * as CANCELED, bodies go, and then whole days. What waits is ended by the owner of its partition;
 * tables are changed by one process at a time, in steps that a crash leaves whole, with locks that
 * are given up before anybody waits for them. A failure is logged and tried again: deliveries go on.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #options: RetentionOptions;

  constructor(deps: RetentionDeps, options: RetentionOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Looks every hour while it runs. */
  part(): Part {
    return {
      name: "retention",
      run: async (stop, ready) => {
        ready();
        while (!stop.aborted) {
          const isDone = await this.#turnSafely(stop);
          await this.#deps.clock.sleep(isDone ? lookEveryMs : lookAgainMs, stop);
        }
      },
    };
  }

  async #turnSafely(stop: AbortSignal): Promise<boolean> {
    const { log, metrics } = this.#deps;
    try {
      return await this.turn(stop);
    } catch (error) {
      if (isUnavailable(error) || isLockTimeout(error)) {
        log.info({ err: error }, "what is old could not be dropped now; trying again soon");
        return false;
      }
      metrics.onRetentionFailure();
      log.error({ err: error }, "what is old could not be dropped; trying again in an hour");
      return true;
    }
  }

  /** Does what is due. False when something is left to be done soon. */
  async turn(stop: AbortSignal): Promise<boolean> {
    const { db } = this.#deps;
    const now = await getTime(db);
    const lastBodies = lastExpiredDay(now, this.#options.bodiesDays);
    const lastRows = lastExpiredDay(now, this.#options.rowsDays);
    const old = (await listDays(db)).filter((day) => day <= lastBodies);
    if ((await listExpired(db, old)).size < old.length) await this.#cancelOwn(lastBodies, stop);
    const isDone = await asLeader(db, leaderLock, async () => {
      await dropDetached(db);
      const expired = await listExpired(db, old); // an earlier leader's, too
      let isAllDone = true;
      for (const day of old) {
        const facts = { day, now, expiredAt: expired.get(day), isDue: day <= lastRows };
        isAllDone = (await this.#drop(facts, stop)) && isAllDone;
      }
      await this.#deleteRows(now, stop);
      return isAllDone;
    });
    return isDone ?? true; // another process sees to it
  }

  async #cancelOwn(lastDay: string, stop: AbortSignal): Promise<void> {
    const { db, ownedPartitions, forget, metrics } = this.#deps;
    for (const owned of ownedPartitions()) {
      const lanes = await listWaitingLanes(db, owned.partition);
      for (const webhookUuid of new Set(lanes.map((lane) => lane.webhookUuid))) {
        let canceled: readonly string[] = [];
        do {
          if (stop.aborted || !owned.isSafe()) return;
          canceled = await cancelExpired(db, owned, { webhookUuid, lastDay });
          for (const uuid of canceled) forget(owned.partition, uuid);
          metrics.onExpired(canceled.length);
        } while (canceled.length > 0);
      }
    }
  }

  /**
   * Drops the bodies of a day's events, or a day of which nothing has been sent for a while: false
   * when that has to wait, for a delivery that another owner has to end, or for the while.
   */
  async #drop({ day, now, expiredAt, isDue }: OldDay, stop: AbortSignal): Promise<boolean> {
    const { db, log } = this.#deps;
    if (stop.aborted) return true;
    if (expiredAt && !isDue) return true;
    if (await hasOpenDeliveries(db, day)) return false;
    if (!expiredAt && isDue) await insertExpired(db, day);
    if (!expiredAt && !isDue) await this.#dropBodies(day, stop);
    if (!isDue) return true;
    if (!expiredAt || now.getTime() - expiredAt.getTime() < restMs) return false;
    await deleteDay(db, day);
    log.info({ day }, "dropped a day");
    return true;
  }

  async #dropBodies(day: string, stop: AbortSignal): Promise<void> {
    const { db, clock, log } = this.#deps;
    if (!(await isAttached(db, dayTableName("event", day)))) return insertExpired(db, day);
    while (await copyWithoutBodies(db, day)) {
      if (stop.aborted) return;
      await clock.sleep(copyPauseMs, stop);
    }
    await replaceByCopy(db, day);
    await dropDetached(db);
    log.info({ day }, "dropped the bodies of a day's events");
  }

  async #deleteRows(now: Date, stop: AbortSignal): Promise<void> {
    const { db } = this.#deps;
    const { rowsDays } = this.#options;
    await deleteLeftovers(db, startOf(lastExpiredDay(now, rowsDays)));
    const statsBefore = startOf(lastExpiredDay(now, rowsDays + statsMoreDays));
    let count = Number.POSITIVE_INFINITY;
    while (count > 0 && !stop.aborted) count = await deleteStats(db, statsBefore);
  }
}

function startOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}
