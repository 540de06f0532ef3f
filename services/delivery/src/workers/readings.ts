import { isPassing } from "@posthorn/postgres";
import type { Logger } from "@posthorn/runtime";
import type { DeliveryStore } from "../store/delivery-store.ts";
import { FirstAttempts, type FirstAttemptsDeps } from "./first-attempts.ts";
import type { OwnedPartition, Ownership } from "./ownership.ts";

export interface ReadingsDeps extends FirstAttemptsDeps {
  readonly store: Pick<DeliveryStore, "getNextOffset">;
  readonly ownership: Ownership;
  readonly log: Logger;
}

/** A partition that is read. */
export interface Reading {
  readonly owned: OwnedPartition;
  /** Its records are stored up to here. */
  nextOffset: bigint;
  /** Its records are begun up to here. */
  begunOffset: bigint;
  /** First attempts of what is begun and not stored. */
  readonly attempts: FirstAttempts;
  /** The write under way: false when the lease or the offset is no longer ours. */
  writing?: Promise<boolean> | undefined;
  /** A write failed and what was begun was dropped: the partition has to be started again. */
  isOver: boolean;
}

type Step =
  | { readonly kind: "start"; readonly done: Promise<Reading | undefined> }
  | { readonly kind: "stop"; readonly done: Promise<void> };

/** How soon a lease that was lost is asked for again. */
const regainMs = 500;

/**
 * The partitions that the log has given this process. Each is owned and sent from as long as it
 * is assigned: a lease that was lost meanwhile is taken again, also while no record comes that
 * would ask for it, since retries may be due.
 */
export class Readings {
  readonly #deps: ReadingsDeps;
  readonly #readings = new Map<number, Reading>();
  /** What is done with a partition last; one thing is done after another. */
  readonly #steps = new Map<number, Step>();

  constructor(deps: ReadingsDeps) {
    this.#deps = deps;
  }

  /** Gives the partition if it is read and owned. */
  get(partition: number): Reading | undefined {
    const reading = this.#readings.get(partition);
    return reading?.owned.isSafe() && !reading.isOver ? reading : undefined;
  }

  /**
   * Takes a partition's lease and begins to send from it. Gives it with the offset to go on from;
   * undefined while another process holds the lease.
   */
  start(partition: number): Promise<Reading | undefined> {
    const last = this.#steps.get(partition);
    // Two starts would take the lease from each other.
    if (last?.kind === "start") return last.done;
    const done = settled(last).then(() => this.#start(partition));
    this.#note(partition, { kind: "start", done });
    return done;
  }

  /** Hands a partition over that was taken away. */
  stop(partition: number): void {
    this.#readings.delete(partition);
    const done = settled(this.#steps.get(partition)).then(() => this.#handOver(partition));
    this.#note(partition, { kind: "stop", done });
  }

  /** Resolves when all partitions that were taken away are handed over. */
  async handedOver(): Promise<void> {
    await Promise.all([...this.#steps.values()].map(settled));
  }

  #note(partition: number, step: Step): void {
    this.#steps.set(partition, step);
    void settled(step).then(() => {
      if (this.#steps.get(partition) === step) this.#steps.delete(partition);
    });
  }

  async #start(partition: number): Promise<Reading | undefined> {
    const owned = this.#deps.ownership.owned(partition) ?? (await this.#open(partition));
    if (!owned) return undefined;
    const nextOffset = await this.#deps.store.getNextOffset(partition);
    const attempts = new FirstAttempts(this.#deps, owned);
    const reading = { owned, nextOffset, begunOffset: nextOffset, attempts, isOver: false };
    const isKnown = this.#readings.get(partition)?.owned === owned;
    this.#readings.set(partition, reading);
    if (!isKnown) owned.lost.addEventListener("abort", () => void this.#regain(partition, owned));
    return reading;
  }

  async #open(partition: number): Promise<OwnedPartition | undefined> {
    const { ownership, sender } = this.#deps;
    const owned = await ownership.acquire(partition);
    try {
      if (owned) await sender.open(owned);
    } catch (error) {
      ownership.lose(partition); // what is owned is sent: the next start takes it anew
      throw error;
    }
    return owned;
  }

  async #regain(partition: number, lost: OwnedPartition): Promise<void> {
    const { clock, log } = this.#deps;
    await clock.sleep(regainMs);
    while (this.#readings.get(partition)?.owned === lost) {
      try {
        await this.start(partition);
      } catch (error) {
        if (!isPassing(error)) log.error({ err: error, partition }, "a lease was not taken again");
      }
      await clock.sleep(regainMs);
    }
  }

  /** Whatever fails, the partition is no longer ours at its end, and is opened anew if it comes back. */
  async #handOver(partition: number): Promise<void> {
    const { ownership, sender } = this.#deps;
    this.#readings.delete(partition);
    const owned = ownership.owned(partition);
    if (!owned) return;
    await this.#tried(partition, sender.close(owned));
    await this.#tried(partition, ownership.release(partition));
  }

  async #tried(partition: number, step: Promise<void>): Promise<void> {
    await step.catch((error: unknown) => {
      this.#deps.log.warn({ err: error, partition }, "a partition was not handed over well");
    });
  }
}

/** Resolves when a step is over, however it ended. */
async function settled(step: Step | undefined): Promise<void> {
  await Promise.allSettled([step?.done]);
}
