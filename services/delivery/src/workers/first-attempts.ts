import { type Clock, type Wakeup, wakeup } from "@posthorn/runtime";
import type { FannedOut } from "../store/fan-outs.ts";
import type { Planned } from "./fan-out-plan.ts";
import type { Item, Unwritten } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Entry, ResultWriter } from "./result-writer.ts";
import type { Sender } from "./sender.ts";

export interface FirstAttemptsDeps {
  readonly sender: Sender;
  readonly results: ResultWriter;
  readonly clock: Clock;
}

/** A planned delivery and what its first attempt came to meanwhile. */
interface Fresh extends Unwritten {
  readonly planned: Planned["deliveries"][number];
  /** When it was offered to a webhook that answers quickly; undefined = nobody waits for it. */
  awaitedFromMs?: number;
  entry?: Entry;
}

/** A record with its deliveries. */
interface Waiting {
  readonly planned: Planned;
  readonly deliveries: readonly Fresh[];
  state: "new" | "offered" | "given";
  /** How many first attempts are worth waiting for and not over. */
  awaitedCount: number;
  /** Whether the next write waits for it. */
  isWatched: boolean;
  /** When it is written although some have not answered; each answer puts it off. */
  untilMs: number;
  /** When it is written in any case. */
  latestMs: number;
}

/** How long a record waits for the next of its first attempts, at most, before it is written. */
const waitMsMax = 200;
/** A record accepted this long ago does not wait: fan-out must not fall behind the log. */
const lagMsMax = 5000;
/** Twice as many as can be under way. More would only wait in lanes, and be doubled by a crash. */
const awaitedMax = 1024;
/** So many records are worth a statement while more are under way, */
const recordsPerWriteMin = 128;
/** and so many deliveries. */
const deliveriesPerWriteMin = 500;
/** Rows that one statement writes, at most, unless a single event makes more. */
const deliveriesPerWriteMax = 5000;

/**
 * First attempts of a partition's fresh deliveries, made before their rows are written: the log
 * keeps the events until then, so a crash repeats them and loses nothing, and most deliveries are
 * written once, as they ended. Gives records to write in the log's order, as soon as quick webhooks
 * have answered; what is slow is written as waiting, and its result follows by itself. What is
 * added while a write is under way shares the next one.
 */
export class FirstAttempts {
  readonly #deps: FirstAttemptsDeps;
  readonly #owned: OwnedPartition;
  /** What was not given yet. */
  #all: Waiting[] = [];
  readonly #answered: Wakeup;
  /** How many of them are not begun with. */
  #newCount = 0;
  /** How many first attempts all of them wait for. */
  #awaitedCount = 0;
  /** How many records the next write waits for. */
  #watchedCount = 0;

  constructor(deps: FirstAttemptsDeps, owned: OwnedPartition) {
    this.#deps = deps;
    this.#owned = owned;
    this.#answered = wakeup(deps.clock);
  }

  /** Begins with the log's next records. */
  add(planned: readonly Planned[]): void {
    this.#all.push(...planned.map(toWaiting));
    this.#newCount += planned.length;
    this.#offerMore();
  }

  /** Gives the next records to write, at least one, of one day; undefined when all were given. */
  async next(): Promise<readonly FannedOutRecord[] | undefined> {
    if (this.#all.length === 0) return undefined;
    await this.#watch(this.#worthWriting());
    const day = this.#all.find(({ planned }) => planned.event)?.planned.event?.day;
    const nowMs = this.#deps.clock.nowMs();
    let deliveryCount = 0;
    const end = this.#all.findIndex((waiting) => {
      const { planned, deliveries } = waiting;
      deliveryCount += deliveries.length;
      const isOther = planned.event !== undefined && planned.event.day !== day;
      return isOther || isWaiting(waiting, nowMs) || deliveryCount > deliveriesPerWriteMax;
    });
    return this.#take(end === -1 ? this.#all.length : Math.max(end, 1));
  }

  /** Lets go of what was not given: the lease is lost, or the records are read again. */
  drop(): void {
    for (const record of this.#take(this.#all.length)) record.onDropped();
  }

  /** Takes the first records out, and begins with others in their place. */
  #take(count: number): FannedOutRecord[] {
    const taken = this.#all.splice(0, count).map((waiting) => this.#give(waiting));
    this.#offerMore();
    return taken;
  }

  /** The next records that make a statement worth while, or all there are. */
  #worthWriting(): readonly Waiting[] {
    let deliveryCount = 0;
    const end = this.#all.findIndex(({ deliveries }, index) => {
      deliveryCount += deliveries.length;
      return index + 1 >= recordsPerWriteMin || deliveryCount >= deliveriesPerWriteMin;
    });
    return end === -1 ? this.#all.slice() : this.#all.slice(0, end + 1);
  }

  /** Offers the deliveries of the next records, as many as are worth being in memory. */
  #offerMore(): void {
    if (this.#newCount === 0) return;
    for (const waiting of this.#all) {
      if (this.#awaitedCount >= awaitedMax) return;
      if (waiting.state === "new") this.#begin(waiting);
    }
  }

  #begin(waiting: Waiting): void {
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    const ageMs = clock.now().getTime() - (waiting.planned.event?.acceptedAt.getTime() ?? 0);
    waiting.state = "offered";
    this.#newCount -= 1;
    waiting.latestMs = nowMs + lagMsMax - ageMs;
    waiting.untilMs = Math.min(nowMs + waitMsMax, waiting.latestMs);
    for (const fresh of waiting.deliveries) this.#offer(waiting, fresh);
  }

  #offer(waiting: Waiting, fresh: Fresh): void {
    const { webhook, delivery } = fresh.planned;
    if (delivery.dueAt || webhook.state !== "ACTIVE") return;
    const { sender, clock } = this.#deps;
    fresh.take = (entry) => {
      fresh.entry = entry;
      if (fresh.awaitedFromMs !== undefined) this.#onAnswer(waiting);
    };
    const item = itemOf(fresh, clock.nowMs());
    const offered = sender.offer(this.#owned, webhook, delivery.event.workspaceUuid, item);
    if (offered !== "quick") return;
    fresh.awaitedFromMs = clock.nowMs();
    waiting.awaitedCount += 1;
    this.#awaitedCount += 1;
  }

  #onAnswer(waiting: Waiting): void {
    waiting.awaitedCount -= 1;
    if (waiting.state === "given") return;
    this.#awaitedCount -= 1;
    this.#offerMore();
    if (waiting.awaitedCount > 0) {
      waiting.untilMs = Math.min(this.#deps.clock.nowMs() + waitMsMax, waiting.latestMs);
    } else if (waiting.isWatched) {
      this.#watchedCount -= 1;
      if (this.#watchedCount === 0) this.#answered.wake();
    }
  }

  /** Waits until these need no more waiting, but no longer than the first of them may. */
  async #watch(next: readonly Waiting[]): Promise<void> {
    const { clock } = this.#deps;
    const { lost } = this.#owned;
    const watched = next.filter(({ awaitedCount }) => awaitedCount > 0);
    const [first] = next;
    for (const waiting of watched) waiting.isWatched = true;
    this.#watchedCount = watched.length;
    for (;;) {
      const timeoutMs = (first?.untilMs ?? 0) - clock.nowMs();
      if (this.#watchedCount === 0 || timeoutMs <= 0 || lost.aborted) break;
      await this.#answered.wait({ timeoutMs, stop: lost });
    }
    for (const waiting of watched) waiting.isWatched = false;
  }

  #give(waiting: Waiting): FannedOutRecord {
    const { planned, deliveries } = waiting;
    this.#awaitedCount -= waiting.awaitedCount;
    if (waiting.state === "new") this.#newCount -= 1;
    waiting.state = "given";
    for (const fresh of deliveries) this.#noteIfSlow(fresh);
    const written = deliveries.map((fresh) => ({
      fresh,
      entry: fresh.entry,
      fannedOut: { delivery: fresh.planned.delivery, result: fresh.entry?.result },
    }));
    return {
      planned,
      deliveries: written.map(({ fannedOut }) => fannedOut),
      onWritten: () => {
        for (const { fresh, entry } of written) this.#onWritten(fresh, entry);
      },
      onDropped: () => {
        for (const { fresh } of written) {
          fresh.take = undefined;
          fresh.entry?.settled(false);
        }
      },
    };
  }

  /** One that hangs would else be waited for again and again until its time-out tells. */
  #noteIfSlow({ planned, awaitedFromMs, entry }: Fresh): void {
    if (awaitedFromMs === undefined || entry) return;
    this.#deps.sender.notePace(planned.webhook.uuid, this.#deps.clock.nowMs() - awaitedFromMs);
  }

  /** `entry` is what was written with the row; a result that came later still has to be. */
  #onWritten(fresh: Fresh, entry: Entry | undefined): void {
    const { results, sender } = this.#deps;
    const { delivery } = fresh.planned;
    fresh.take = undefined;
    if (entry) entry.settled(true);
    else if (fresh.entry) results.add(fresh.entry.result, fresh.entry.settled);
    else {
      const { workspaceUuid } = delivery.event;
      const key = {
        partition: this.#owned.partition,
        webhookUuid: delivery.webhookUuid,
        workspaceUuid,
      };
      sender.onStored(key, delivery);
    }
  }
}

function toWaiting(planned: Planned): Waiting {
  const deliveries = planned.deliveries.map((one) => ({ planned: one, take: undefined }));
  const times = { untilMs: 0, latestMs: 0 };
  return { planned, deliveries, state: "new", awaitedCount: 0, isWatched: false, ...times };
}

/** Whether it is worth waiting for a record, which may not have been begun with. */
function isWaiting({ state, awaitedCount, untilMs }: Waiting, nowMs: number): boolean {
  return state === "new" || (awaitedCount > 0 && untilMs > nowMs);
}

/** A record to write, and whom to tell what became of it. */
export interface FannedOutRecord {
  readonly planned: Planned;
  readonly deliveries: readonly FannedOut[];
  onWritten(): void;
  onDropped(): void;
}

function itemOf(fresh: Fresh, nowMs: number): Item {
  const { delivery, sendable } = fresh.planned;
  return {
    deliveryUuid: delivery.uuid,
    day: delivery.event.day,
    event: sendable ?? delivery.event,
    attemptCount: 0,
    deliveryClass: 0,
    sinceMs: nowMs,
    orderWaitMs: 0,
    unwritten: fresh,
  };
}
