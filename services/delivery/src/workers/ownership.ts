import { setTimeout as sleep } from "node:timers/promises";
import { isUnavailable } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import { claimPartition, type Held, releasePartition, renewLeases } from "../store/partitions.ts";

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
  readonly #deps: { db: Kysely<Database>; owner: string; log: Logger; nowMs: () => number };
  readonly #owned = new Map<number, Entry>();

  /** `owner` names this process; one with the same name takes over at once. */
  constructor(deps: { db: Kysely<Database>; owner: string; log: Logger; nowMs?: () => number }) {
    this.#deps = { ...deps, nowMs: deps.nowMs ?? (() => performance.now()) };
  }

  /** Gives the partition if this process owns it. */
  owned(partition: number): OwnedPartition | undefined {
    return this.#owned.get(partition);
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
    const { db, owner, nowMs } = this.#deps;
    const sentAtMs = nowMs();
    const epoch = await claimPartition(db, { partition, owner, leaseMs });
    if (epoch === undefined) return undefined;
    const controller = new AbortController();
    const entry: Entry = {
      partition,
      epoch,
      controller,
      lost: controller.signal,
      safeUntilMs: sentAtMs + leaseMs - marginMs,
      isSafe: () => !controller.signal.aborted && nowMs() < entry.safeUntilMs,
    };
    this.#owned.set(partition, entry);
    return entry;
  }

  /** Gives the lease up, so that another process can take it at once. */
  async release(partition: number): Promise<void> {
    const entry = this.#owned.get(partition);
    if (!entry) return;
    this.lose(partition);
    await releasePartition(this.#deps.db, entry);
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
        const watch = setInterval(() => this.#loseUnsafe(), watchEveryMs);
        try {
          ready();
          while (!stop.aborted) {
            await this.#renew();
            await sleep(renewEveryMs, undefined, { signal: stop }).catch(() => {}); // stopped
          }
        } finally {
          clearInterval(watch);
        }
        await Promise.all([...this.#owned.keys()].map((partition) => this.release(partition)));
      },
    };
  }

  async #renew(): Promise<void> {
    const entries = [...this.#owned.values()];
    if (entries.length === 0) return;
    const sentAtMs = this.#deps.nowMs();
    try {
      const renewed = await renewLeases(this.#deps.db, entries, leaseMs);
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
