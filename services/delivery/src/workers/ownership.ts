import { isUnavailable } from "@posthorn/postgres";
import type { Clock, Logger, Part } from "@posthorn/runtime";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { Held } from "../store/partitions.ts";

export interface OwnershipDeps {
  readonly store: Pick<DeliveryStore, "claimPartition" | "releasePartition" | "renewLeases">;
  /** Names this process; one with the same name takes over at once. */
  readonly owner: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** A partition that this process owns. */
export interface OwnedPartition extends Held {
  /** Aborts when the lease is lost or given up: nothing may be sent from then on. */
  readonly lost: AbortSignal;
  /** Whether the lease surely holds now: false from 2 s before an unrenewed lease ends. */
  isSafe(): boolean;
}

interface Entry extends OwnedPartition {
  safeUntilMs: number;
  readonly controller: AbortController;
}

const leaseMs = 15_000;
const renewEveryMs = 5_000;
const watchEveryMs = 250;
/** Sending ends this long before the lease does. */
const marginMs = 2_000;

/** Takes, renews and gives up the leases of partitions. */
export class Ownership {
  readonly #deps: OwnershipDeps;
  readonly #owned = new Map<number, Entry>();

  constructor(deps: OwnershipDeps) {
    this.#deps = deps;
  }

  /** Gives the partition if this process owns it. */
  owned(partition: number): OwnedPartition | undefined {
    return this.#owned.get(partition);
  }

  /** Lists the partitions that this process owns. */
  list(): OwnedPartition[] {
    return [...this.#owned.values()];
  }

  /** How many partitions this process owns. */
  get ownedCount(): number {
    return this.#owned.size;
  }

  /** Takes the lease; undefined while another process holds it. */
  async acquire(partition: number): Promise<OwnedPartition | undefined> {
    const existing = this.#owned.get(partition);
    if (existing?.isSafe()) return existing;
    this.lose(partition);
    const { store, owner, clock } = this.#deps;
    const sentAtMs = clock.nowMs();
    const epoch = await store.claimPartition({ partition, owner, leaseMs });
    if (epoch === undefined) return undefined;
    const controller = new AbortController();
    const entry: Entry = {
      partition,
      epoch,
      controller,
      lost: controller.signal,
      safeUntilMs: sentAtMs + leaseMs - marginMs,
      isSafe: () => !controller.signal.aborted && clock.nowMs() < entry.safeUntilMs,
    };
    this.#owned.set(partition, entry);
    return entry;
  }

  /** Gives the lease up, so that another process can take it at once. */
  async release(partition: number): Promise<void> {
    const entry = this.#owned.get(partition);
    if (!entry) return;
    this.lose(partition);
    await this.#deps.store.releasePartition(entry);
  }

  /** Stops all work on the partition without giving the lease up. */
  lose(partition: number): void {
    const entry = this.#owned.get(partition);
    this.#owned.delete(partition);
    entry?.controller.abort(new Error(`the lease of partition ${partition} is lost`));
  }

  /** Renews the leases while it runs, and gives them up at its end. */
  part(): Part {
    return {
      name: "leases",
      run: async (stop, ready) => {
        const watching = this.#watch(stop);
        ready();
        while (!stop.aborted) {
          await this.#renew();
          await this.#deps.clock.sleep(renewEveryMs, stop);
        }
        await watching;
        await Promise.all([...this.#owned.keys()].map((partition) => this.#giveUp(partition)));
      },
    };
  }

  async #giveUp(partition: number): Promise<void> {
    try {
      await this.release(partition);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#deps.log.warn({ err: error, partition }, "a lease was not given up; it lapses");
    }
  }

  async #watch(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#loseUnsafe();
      await this.#deps.clock.sleep(watchEveryMs, stop);
    }
  }

  async #renew(): Promise<void> {
    const entries = [...this.#owned.values()];
    if (entries.length === 0) return;
    const { store, clock } = this.#deps;
    const sentAtMs = clock.nowMs();
    try {
      const renewed = await store.renewLeases(entries, leaseMs);
      for (const entry of entries) {
        if (renewed.has(entry.partition)) entry.safeUntilMs = sentAtMs + leaseMs - marginMs;
        else this.#loseEntry(entry, "another process took it");
      }
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#deps.log.warn({ err: error }, "leases could not be renewed");
    }
  }

  #loseUnsafe(): void {
    for (const entry of this.#owned.values()) {
      if (!entry.isSafe()) this.#loseEntry(entry, "it was not renewed in time");
    }
  }

  #loseEntry(entry: Entry, why: string): void {
    if (this.#owned.get(entry.partition) !== entry) return;
    this.#deps.log.warn({ partition: entry.partition }, `lost the lease of a partition: ${why}`);
    this.lose(entry.partition);
  }
}
