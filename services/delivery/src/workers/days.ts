import { setTimeout as sleep } from "node:timers/promises";
import { isUnavailable } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import { insertDay } from "../store/days.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Days whose partitions are made before they begin. */
const daysAhead = 3;

/** Sees to it that rows have a day partition to lie in. */
export class Days {
  readonly #db: Kysely<Database>;
  readonly #log: Logger;
  readonly #known = new Set<string>();

  constructor(deps: { db: Kysely<Database>; log: Logger }) {
    this.#db = deps.db;
    this.#log = deps.log;
  }

  /** Makes the partitions of days that are missing; costs nothing for days seen before. */
  async ensure(days: ReadonlySet<string>): Promise<void> {
    for (const day of days) {
      if (this.#known.has(day)) continue;
      await insertDay(this.#db, day);
      // A day that is old may be dropped, and be wanted again by an event that was long in the log.
      if (day >= daysFrom(new Date(), -1)) this.#known.add(day);
    }
  }

  /** Makes the coming days' partitions ahead of time while it runs. */
  part(): Part {
    return {
      name: "days",
      run: async (stop, ready) => {
        await this.ensure(comingDays(new Date()));
        ready();
        while (!stop.aborted) {
          await sleep(hourMs, undefined, { signal: stop }).catch(() => {}); // stopped
          if (!stop.aborted) await this.#ensureAhead();
        }
      },
    };
  }

  async #ensureAhead(): Promise<void> {
    try {
      await this.ensure(comingDays(new Date()));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#log.warn({ err: error }, "coming days could not be prepared; trying again in an hour");
    }
  }
}

function comingDays(now: Date): ReadonlySet<string> {
  return new Set(Array.from({ length: daysAhead + 1 }, (_, ahead) => daysFrom(now, ahead)));
}

function daysFrom(now: Date, count: number): string {
  return new Date(now.getTime() + count * dayMs).toISOString().slice(0, 10);
}
