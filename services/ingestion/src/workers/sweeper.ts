import { setTimeout as sleep } from "node:timers/promises";
import { isPassing } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { limits } from "../domain/limits.ts";
import type { Database } from "../store/database.ts";
import { deleteOldDeadLetters } from "../store/dead-letters.ts";
import { deleteExpiredKeys } from "../store/idempotency-keys.ts";

/** What sweeping needs. */
export interface SweeperDeps {
  readonly db: Kysely<Database>;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/** How often and how much at once. */
export interface SweeperOptions {
  /** The wait after a sweep that left nothing. */
  readonly intervalMs: number;
  /** Rows of one statement; more are deleted by further statements, at once. */
  readonly batchCountMax: number;
}

/** Deletes idempotency keys after 7 days and dead letters after 90, in bounded batches. */
export function sweeper({ db, log, nowMs }: SweeperDeps, options: SweeperOptions): Part {
  const countMax = options.batchCountMax;
  return {
    name: "ingestion sweeper",
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        await sweep(stop).catch(waitForPostgres);
        await sleep(options.intervalMs, undefined, { signal: stop });
      }
    },
  };

  async function sweep(stop: AbortSignal): Promise<void> {
    let deletedMax = countMax;
    while (deletedMax >= countMax && !stop.aborted) {
      const livesSince = new Date(nowMs() - limits.keyLifeMs);
      const keptSince = new Date(nowMs() - limits.deadLetterLifeMs);
      const keys = await deleteExpiredKeys(db, { livesSince, countMax });
      const letters = await deleteOldDeadLetters(db, { keptSince, countMax });
      deletedMax = Math.max(keys, letters);
    }
  }

  /** Publishing may well go on without Postgres, so that this is no reason to stop the process. */
  function waitForPostgres(error: unknown): void {
    if (!isPassing(error)) throw error;
    log.warn({ err: error }, "sweeping has to wait");
  }
}
