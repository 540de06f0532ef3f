import { type Clock, type Wakeup, wakeup } from "@posthorn/runtime";
import type { FannedOut } from "../store/fan-outs.ts";
import type { Planned } from "./fan-out-plan.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Entry, ResultWriter } from "./result-writer.ts";
import type { Sender } from "./sender.ts";

export interface FirstAttemptsDeps {
  readonly sender: Sender;
  readonly results: ResultWriter;
  readonly clock: Clock;
}

/** A planned delivery and what its first attempt came to meanwhile. */
interface Fresh {
  readonly planned: Planned["deliveries"][number];
  /** When it was offered to a webhook that answers quickly; undefined = nobody waits for it. */
  awaitedFromMs?: number;
  entry?: Entry;
}

/** A record of a step with its deliveries. */
interface Waiting {
  readonly planned: Planned;
  readonly deliveries: readonly Fresh[];
  /** How many first attempts are worth waiting for and not over. */
  awaitedCount: number;
  /** When it is written in any case. */
  readonly untilMs: number;
}

/** How long a record waits for first attempts, at most, before it is written. */
const waitMsMax = 200;
/** A record accepted this long ago does not wait: fan-out must not fall behind the log. */
const lagMsMax = 5000;
/** So many records are worth a statement while more are under way. */
const recordsPerWriteMin = 128;
/** Rows that one statement writes, at most, unless a single event makes more. */
const deliveriesPerWriteMax = 5000;

/**
 * First attempts of a step's deliveries, made before their rows are written: the log keeps the
 * events until then, so a crash repeats them and loses nothing, and most deliveries are written
 * once, as they ended. Gives records to write in the log's order, as soon as quick webhooks have
 * answered; what is slow is written as waiting, and its result follows by itself.
 */
export class FirstAttempts {
  readonly #deps: FirstAttemptsDeps;
  readonly #owned: OwnedPartition;
  readonly #all: readonly Waiting[];
  readonly #changed: Wakeup;
  /** Records up to here have been given. */
  #givenEnd = 0;
  /** Records up to here need no more waiting. */
  #readyEnd = 0;
  /** Records without awaited attempts, in any place; the number of them that is worth a look. */
  #doneCount = 0;
  #lookAtCount = 0;

  /** Begins at once. */
  constructor(deps: FirstAttemptsDeps, owned: OwnedPartition, planned: readonly Planned[]) {
    this.#deps = deps;
    this.#owned = owned;
    this.#changed = wakeup(deps.clock);
    this.#all = planned.map((one) => this.#begin(one));
  }

  /** Gives the next records to write, at least one, of one day; undefined when all were given. */
  async next(): Promise<readonly FannedOutRecord[] | undefined> {
    if (this.#givenEnd >= this.#all.length) return undefined;
    await this.#ready();
    let deliveryCount = 0;
    let day: string | undefined;
    let end = this.#givenEnd;
    for (; end < this.#readyEnd; end += 1) {
      const waiting = this.#all[end];
      deliveryCount += waiting?.deliveries.length ?? 0;
      day ??= waiting?.planned.event?.day;
      const isOther = waiting?.planned.event !== undefined && waiting.planned.event.day !== day;
      if (end > this.#givenEnd && (isOther || deliveryCount > deliveriesPerWriteMax)) break;
    }
    const given = this.#all.slice(this.#givenEnd, end);
    this.#givenEnd = end;
    return given.map((waiting) => this.#give(waiting));
  }

  /** Lets go of what was not given: the lease is lost, or the records are read again. */
  drop(): void {
    for (const waiting of this.#all.slice(this.#givenEnd)) this.#give(waiting).onDropped();
    this.#givenEnd = this.#all.length;
  }

  #begin(planned: Planned): Waiting {
    const { clock } = this.#deps;
    const ageMs = clock.now().getTime() - (planned.event?.acceptedAt.getTime() ?? 0);
    const waiting: Waiting = {
      planned,
      deliveries: planned.deliveries.map((one) => ({ planned: one })),
      awaitedCount: 0,
      untilMs: clock.nowMs() + Math.min(waitMsMax, lagMsMax - ageMs),
    };
    for (const fresh of waiting.deliveries) this.#offer(waiting, fresh);
    if (waiting.awaitedCount === 0) this.#doneCount += 1;
    return waiting;
  }

  #offer(waiting: Waiting, fresh: Fresh): void {
    const { webhook, delivery } = fresh.planned;
    if (delivery.dueAt || webhook.state !== "ACTIVE") return;
    const { results, sender } = this.#deps;
    results.divert(delivery.uuid, (entry) => {
      fresh.entry = entry;
      if (fresh.awaitedFromMs !== undefined) this.#onAnswer(waiting);
    });
    const offered = sender.offer(
      this.#owned,
      webhook,
      delivery.event.workspaceUuid,
      itemOf(fresh.planned, this.#deps.clock.nowMs()),
    );
    if (offered !== "quick") return;
    fresh.awaitedFromMs = this.#deps.clock.nowMs();
    waiting.awaitedCount += 1;
  }

  #onAnswer(waiting: Waiting): void {
    waiting.awaitedCount -= 1;
    if (waiting.awaitedCount > 0) return;
    this.#doneCount += 1;
    if (this.#doneCount >= this.#lookAtCount) this.#changed.wake();
  }

  /** Waits until enough records in a row need no more waiting, or the first must not wait longer. */
  async #ready(): Promise<void> {
    const wanted = Math.min(recordsPerWriteMin, this.#all.length - this.#givenEnd);
    for (;;) {
      const nowMs = this.#deps.clock.nowMs();
      this.#advance(nowMs);
      const readyCount = this.#readyEnd - this.#givenEnd;
      const untilMs = this.#all[this.#givenEnd]?.untilMs ?? nowMs;
      if (readyCount >= wanted || untilMs <= nowMs || this.#owned.lost.aborted) break;
      this.#lookAtCount = this.#doneCount + this.#awaitedIn(this.#givenEnd + wanted);
      await this.#changed.wait({ timeoutMs: untilMs - nowMs, stop: this.#owned.lost });
    }
    this.#readyEnd = Math.max(this.#readyEnd, this.#givenEnd + 1);
  }

  /** How many records up to an index still wait: others may be done already, behind them. */
  #awaitedIn(end: number): number {
    let count = 0;
    for (const { awaitedCount } of this.#all.slice(this.#readyEnd, end)) {
      if (awaitedCount > 0) count += 1;
    }
    return count;
  }

  #advance(nowMs: number): void {
    for (; this.#readyEnd < this.#all.length; this.#readyEnd += 1) {
      const waiting = this.#all[this.#readyEnd];
      if (waiting && waiting.awaitedCount > 0 && waiting.untilMs > nowMs) return;
    }
  }

  #give({ planned, deliveries }: Waiting): FannedOutRecord {
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
          this.#deps.results.accept(fresh.planned.delivery.uuid);
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
    results.accept(delivery.uuid);
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

/** A record to write, and whom to tell what became of it. */
export interface FannedOutRecord {
  readonly planned: Planned;
  readonly deliveries: readonly FannedOut[];
  onWritten(): void;
  onDropped(): void;
}

function itemOf({ delivery, sendable }: Planned["deliveries"][number], nowMs: number): Item {
  return {
    deliveryUuid: delivery.uuid,
    day: delivery.event.day,
    event: sendable ?? delivery.event,
    attemptCount: 0,
    deliveryClass: 0,
    sinceMs: nowMs,
    orderWaitMs: 0,
  };
}
