import { isUnavailable } from "@posthorn/postgres";
import { type Clock, type Logger, type Part, untilStopped } from "@posthorn/runtime";
import { type EndsTold, leavesNotice } from "../domain/notice.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { Result } from "../store/result.ts";
import { heldKey } from "../store/results.ts";

export interface ResultWriterDeps {
  readonly store: Pick<DeliveryStore, "recordResults">;
  readonly log: Logger;
  readonly clock: Clock;
  readonly endsTold: EndsTold;
  /** Called after a commit that left notices. */
  readonly onNotice: () => void;
}

/** A result and what to do once it is committed, or once its lease turned out to be lost. */
export interface Entry {
  readonly result: Result;
  readonly settled: (isRecorded: boolean) => void;
}

const resultsPerCommitMax = 500;
const retryMs = 200;
/** An item that fails as a defect this often, alone, is parked. */
const triesMax = 3;

/**
 * Records results by group commit: at once when no commit is under way, else together with all
 * that came meanwhile. A result is in memory only until then; if the process dies, the delivery
 * is still due and is sent again.
 */
export class ResultWriter {
  readonly #deps: ResultWriterDeps;
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;
  readonly #failed = Promise.withResolvers<never>();

  constructor(deps: ResultWriterDeps) {
    this.#deps = deps;
    this.#failed.promise.catch(() => {}); // part() reports it
  }

  /** How many results wait to be written. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Takes a result; `settled` is called when it is committed or its lease was lost. */
  add(result: Result, settled: (isRecorded: boolean) => void): void {
    this.#waiting.push({ result, settled });
    this.#writing ??= this.#writeAll().catch(this.#failed.reject);
  }

  /** Resolves when everything that was added is settled. */
  async drained(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Fails when results cannot be written for a defect; writes what is left before it ends. */
  part(): Part {
    return {
      name: "results",
      run: async (stop, ready) => {
        ready();
        await Promise.race([untilStopped(stop), this.#failed.promise]);
        await this.drained();
      },
    };
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // so that results of the same turn share a commit
    while (this.#waiting.length > 0) {
      await this.#write(this.#take());
    }
    this.#writing = undefined;
  }

  /** The first that wait, of one day: a statement then touches that day's partition alone. */
  #take(): readonly Entry[] {
    const day = this.#waiting[0]?.result.day;
    const [taken, left]: [Entry[], Entry[]] = [[], []];
    for (const entry of this.#waiting) {
      const isTaken = entry.result.day === day && taken.length < resultsPerCommitMax;
      (isTaken ? taken : left).push(entry);
    }
    this.#waiting = left;
    return taken;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#commit(entries);
        return;
      } catch (error) {
        if (isUnavailable(error)) {
          this.#deps.log.warn({ err: error }, "results could not be written; trying again");
          tries = 0;
          await this.#deps.clock.sleep(retryMs);
        } else if (entries.length > 1) {
          for (const entry of entries) await this.#write([entry]);
          return;
        } else if (tries >= triesMax) {
          await this.#park(entries, error);
          return;
        }
      }
    }
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const { store, endsTold, onNotice } = this.#deps;
    const held = await store.recordResults(
      entries.map(({ result }) => result),
      endsTold,
    );
    for (const { result, settled } of entries) settled(held.has(heldKey(result.held)));
    if (entries.some(({ result }) => leavesNotice(result, endsTold))) onNotice();
  }

  /** Ends a delivery whose result cannot be written, so that it does not come back for ever. */
  async #park(entries: readonly Entry[], error: unknown): Promise<void> {
    for (const { result } of entries) {
      this.#deps.log.error({ err: error, delivery: result.deliveryUuid }, "parked a delivery");
    }
    const parked = entries.map(({ result, settled }) => {
      const { attempt: _, dueAt: __, ...rest } = result;
      return { result: { ...rest, state: "CANCELED", stateReason: "PARKED" } as const, settled };
    });
    await this.#commit(parked);
  }
}
