import { isUnavailable } from "@posthorn/postgres";
import type { Clock, Logger, Part } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import { deleteStats } from "../store/stats.ts";

export interface StatSweeperDeps {
  readonly db: Kysely<Database>;
  readonly log: Logger;
  readonly clock: Clock;
}

const hourMs = 3_600_000;
/** A day more than the API promises, which may ask for the whole day at the range's beginning. */
const keptMs = 93 * 24 * hourMs;

/** Deletes the counters of hours that nobody can ask for any more, once an hour. */
export function statSweeper(deps: StatSweeperDeps): Part {
  return {
    name: "stat sweeper",
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        await sweep(deps, stop);
        await deps.clock.sleep(hourMs, stop);
      }
    },
  };
}

async function sweep({ db, log, clock }: StatSweeperDeps, stop: AbortSignal): Promise<void> {
  const before = new Date(clock.now().getTime() - keptMs);
  try {
    let count = Number.POSITIVE_INFINITY;
    while (count > 0 && !stop.aborted) count = await deleteStats(db, before);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    log.warn({ err: error }, "old counters could not be deleted; trying again in an hour");
  }
}
