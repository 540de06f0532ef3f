import { isPassing } from "@posthorn/postgres";
import { type Clock, type Logger, type Part, type Wakeup, wakeup } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import {
  cancelDeliveries,
  countEnded,
  listOpenDeliveries,
  lookAtDeliveries,
  moveDeliveries,
} from "../store/replay-deliveries.ts";
import {
  completeReplay,
  getRunningReplay,
  listUnsettled,
  type RunningReplay,
  settleReplay,
  stopReplay,
} from "../store/replay-steps.ts";
import { faultCounter } from "./fault-counter.ts";
import type { OwnedPartition, Ownership } from "./ownership.ts";
import { replayStep } from "./replay-step.ts";
import type { Sender } from "./sender.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface ReplaysDeps {
  readonly db: Kysely<Database>;
  readonly ownership: Ownership;
  readonly sender: Sender;
  readonly subscriptions: Subscriptions;
  readonly log: Logger;
  readonly clock: Clock;
}

/** A replay that is looked after, in memory. */
interface Entry {
  readonly uuid: string;
  readonly partition: number;
  /** When its next step is due. */
  dueAtMs: number;
  /** How long it waits when a step finds nothing to do. */
  idleMs: number;
}

/** How often replays are looked for when nobody tells of one. */
const pollMs = 2000;
/** Between two steps of a replay that has something to do, and of one that has not. */
const busyMs = 100;
const idleMsMax = 2000;
const pausedMs = 5000;
/** After a fault of ours, or while Postgres or subscription are away. */
const faultPauseMs = 1000;
const entriesPerPage = 500;
/** Deliveries that one step of a canceled replay ends. */
const cancelCountMax = 1000;

/**
 * Runs the replays of the partitions that this process owns, in small steps by turns. Where one
 * stands is in its row, written in the transaction of its deliveries and under the partition's
 * epoch: after a crash the next owner goes on there, and nothing is made twice.
 */
export class Replays {
  readonly #deps: ReplaysDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #wakeup: Wakeup;
  readonly #faults = faultCounter();
  #refreshAtMs = 0;

  constructor(deps: ReplaysDeps) {
    this.#deps = deps;
    this.#wakeup = wakeup(deps.clock);
  }

  /** Hears that a replay was made or changed, or that something may have been missed. */
  wake(uuid = ""): void {
    const entry = this.#entries.get(uuid);
    if (entry) entry.dueAtMs = 0;
    this.#refreshAtMs = 0;
    this.#wakeup.wake();
  }

  /** Runs replays while it runs. */
  part(): Part {
    return {
      name: "replays",
      run: async (stop, ready) => {
        ready();
        while (!stop.aborted) {
          await this.#turn(stop);
          const dueAtMs = Math.min(this.#refreshAtMs, ...this.#dueTimes());
          const timeoutMs = Math.max(dueAtMs - this.#deps.clock.nowMs(), 0);
          await this.#wakeup.wait({ timeoutMs, stop });
        }
      },
    };
  }

  *#dueTimes(): Generator<number> {
    for (const { dueAtMs } of this.#entries.values()) yield dueAtMs;
  }

  async #turn(stop: AbortSignal): Promise<void> {
    if (this.#refreshAtMs <= this.#deps.clock.nowMs()) await this.#refresh();
    for (const entry of [...this.#entries.values()]) {
      if (stop.aborted) return;
      if (entry.dueAtMs <= this.#deps.clock.nowMs()) await this.#step(entry);
    }
  }

  /** Learns which replays there are to look after. */
  async #refresh(): Promise<void> {
    this.#refreshAtMs = this.#deps.clock.nowMs() + pollMs;
    const { db, ownership, log } = this.#deps;
    try {
      const partitions = ownership.list().map(({ partition }) => partition);
      const found = new Set<string>();
      for (let after: string | undefined = nil; after !== undefined && partitions.length > 0; ) {
        const page = { after, countMax: entriesPerPage };
        const replays = await listUnsettled(db, partitions, page);
        for (const { uuid, partition } of replays) {
          found.add(uuid);
          if (this.#entries.get(uuid)?.partition === partition) continue;
          this.#entries.set(uuid, { uuid, partition, dueAtMs: 0, idleMs: busyMs });
        }
        after = replays.length === entriesPerPage ? replays.at(-1)?.uuid : undefined;
      }
      for (const uuid of this.#entries.keys()) if (!found.has(uuid)) this.#entries.delete(uuid);
    } catch (error) {
      if (!isPassing(error)) throw error;
      log.warn({ err: error }, "replays could not be looked for; trying again soon");
    }
  }

  async #step(entry: Entry): Promise<void> {
    const owned = this.#deps.ownership.owned(entry.partition);
    if (!owned?.isSafe()) {
      this.#entries.delete(entry.uuid);
      return;
    }
    entry.dueAtMs = Number.POSITIVE_INFINITY; // unless it is woken meanwhile
    let waitMs = faultPauseMs;
    try {
      waitMs = await this.#run(entry, owned);
    } catch (error) {
      await this.#onFault(entry, owned, error);
    }
    entry.dueAtMs = Math.min(entry.dueAtMs, this.#deps.clock.nowMs() + waitMs);
  }

  /** Does one step; gives how long to wait for the next. */
  async #run(entry: Entry, owned: OwnedPartition): Promise<number> {
    const replay = await getRunningReplay(this.#deps.db, entry.uuid);
    switch (replay?.state) {
      case undefined:
      case "COMPLETED":
        this.#entries.delete(entry.uuid);
        return 0;
      case "CANCELED":
        return this.#cancel(entry, owned);
      case "PAUSED":
        await this.#look(replay, owned);
        return pausedMs;
      case "RUNNING":
        return this.#advance(entry, replay, owned);
    }
  }

  async #cancel({ uuid }: Entry, owned: OwnedPartition): Promise<number> {
    const { db, sender } = this.#deps;
    const key = { held: owned, uuid };
    const open = await listOpenDeliveries(db, uuid, cancelCountMax);
    if (open.length === 0 && (await settleReplay(db, key))) this.#entries.delete(uuid);
    const canceled = await cancelDeliveries(db, owned, open);
    for (const delivery of canceled) sender.forget(owned.partition, delivery);
    return (await countEnded(db, key, open)) > 0 ? 0 : busyMs;
  }

  /** Sees what became of its deliveries, and has them wait or go on as it does itself. */
  async #look({ uuid, workspaceUuid, state }: RunningReplay, owned: OwnedPartition) {
    const { db, sender } = this.#deps;
    const { partition } = owned;
    const isPaused = state === "PAUSED";
    const key = { held: owned, uuid };
    const { waitingCount, ended, misplaced } = await lookAtDeliveries(db, key, isPaused);
    const moved = await moveDeliveries(db, owned, { deliveries: misplaced, isPaused });
    if (isPaused) for (const delivery of moved) sender.forget(partition, delivery.uuid);
    else {
      for (const webhookUuid of new Set(moved.map((delivery) => delivery.webhookUuid))) {
        sender.wake({ partition, webhookUuid, workspaceUuid });
      }
    }
    return { waitingCount, endedCount: await countEnded(db, key, ended) };
  }

  async #advance(entry: Entry, replay: RunningReplay, owned: OwnedPartition): Promise<number> {
    const { db, sender, subscriptions, clock } = this.#deps;
    const { waitingCount, endedCount } = await this.#look(replay, owned);
    const key = { held: owned, uuid: entry.uuid };
    if (replay.isScanned && (await completeReplay(db, key))) {
      this.#entries.delete(entry.uuid);
      return 0;
    }
    const step = await replayStep(
      { db, subscriptions, now: clock.now },
      { replay, held: owned, waitingCount },
    );
    for (const webhookUuid of step.webhookUuids) {
      const { workspaceUuid } = replay;
      sender.wake({ partition: owned.partition, webhookUuid, workspaceUuid });
    }
    const isIdle = endedCount === 0 && !step.hasMoved;
    entry.idleMs = isIdle ? Math.min(entry.idleMs * 2, idleMsMax) : busyMs;
    return step.waitMs ?? entry.idleMs;
  }

  async #onFault({ uuid }: Entry, owned: OwnedPartition, error: unknown): Promise<void> {
    const { db, log } = this.#deps;
    if (isPassing(error)) {
      log.warn({ err: error, replay: uuid }, "a replay waits for Postgres or subscription");
      return;
    }
    log.error({ err: error, replay: uuid }, "a step of a replay failed");
    if (!this.#faults.isHopeless(uuid)) return;
    const stop = { state: "PAUSED", reason: "FAULT" } as const;
    await stopReplay(db, { held: owned, uuid }, stop).catch((failure: unknown) => {
      if (!isPassing(failure)) throw failure; // it fails again, and is stopped then
    });
  }
}

/** Comes before every id. */
const nil = "00000000-0000-0000-0000-000000000000";
