import type { egress } from "@posthorn/egress";
import { AppError } from "@posthorn/errors";
import { isPassing } from "@posthorn/postgres";
import { type Clock, type Logger, type Tracing, toMonotonicMs } from "@posthorn/runtime";
import { abandonProbe, beginProbe } from "../domain/breaker.ts";
import { isSlowRate, rateFreeAtMs } from "../domain/rate-limit.ts";
import type { DeliveryClass, Shares } from "../domain/shares.ts";
import { toldMsMin, type Waits, waitsBetween } from "../domain/waits.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { NewAttempt, Result } from "../store/result.ts";
import { attempt } from "./attempt.ts";
import { conclude, parkedResult } from "./conclusion.ts";
import { faultCounter } from "./fault-counter.ts";
import { type Item, isOpen, type Lane } from "./lane.ts";
import type { LaneStates } from "./lane-states.ts";
import type { Lanes } from "./lanes.ts";
import { faultPauseMs } from "./loader.ts";
import type { Ordering } from "./ordering.ts";
import type { OwnedPartition } from "./ownership.ts";
import type { Pace } from "./pace.ts";
import { learnFrom } from "./receiver-health.ts";
import type { Entry, ResultWriter } from "./result-writer.ts";
import type { KnownProvider, KnownWebhook, Subscriptions } from "./subscriptions.ts";

/** What sending needs from outside the sender. */
export interface SendingDeps {
  readonly send: ReturnType<typeof egress>["send"];
  readonly subscriptions: Subscriptions;
  readonly results: ResultWriter;
  readonly isWatched: (workspaceUuid: string) => boolean;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What sending shares with the rest of the sender. */
interface Shared {
  readonly shares: Shares<Lane>;
  readonly lanes: Lanes;
  readonly states: LaneStates;
  readonly ordering: Ordering;
  readonly pace: Pace;
  /** A slot or a place is free, or something is due again. */
  readonly onChange: (lane: Lane) => void;
}

/** To whom one delivery is sent, and how. */
interface Sent {
  readonly webhook: KnownWebhook;
  readonly provider: KnownProvider;
  readonly isProbe: boolean;
  readonly startedAtMs: number;
}

/** Faults of ours come in crowds: one is logged, and the next after so long. */
const quietMs = 10_000;

/** The POSTs that are under way: each from the slot that it takes to the result that is written. */
export class Sending {
  readonly #deps: SendingDeps;
  readonly #shared: Shared;
  readonly #faults = faultCounter();
  /** Those under way: all, and by partition. */
  #count = 0;
  readonly #counts = new Map<OwnedPartition, number>();
  /** Called at the next end of one. */
  readonly #waiting: (() => void)[] = [];
  #quietUntilMs = 0;

  constructor(deps: SendingDeps, shared: Shared) {
    this.#deps = deps;
    this.#shared = shared;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Waits until there are none, or none of one partition. */
  async ended(owned?: OwnedPartition): Promise<void> {
    while (owned ? this.#counts.has(owned) : this.#count > 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Sends a lane's oldest delivery of a class; false when there is none after all. */
  begin(lane: Lane, deliveryClass: DeliveryClass, nowMs: number): boolean {
    const { shares, lanes, states } = this.#shared;
    const { webhook, share } = lane;
    const provider = this.#deps.subscriptions.latest(lane.workspaceUuid)?.provider;
    const item = webhook && provider && lanes.dequeue(lane, deliveryClass);
    if (!item) return false;
    shares.take(share, deliveryClass, item.event.data.length);
    lane.sendingCount += 1;
    lane.lastUsedMs = nowMs;
    lane.rateFreeAtMs = rateFreeAtMs(lane.rateFreeAtMs, webhook.ratePerSecond, nowMs);
    const isProbe = beginProbe(lane.breaker);
    if (isProbe) states.mark(lane);
    this.#tally(lane.owned, 1);
    void this.#carry(lane, item, { webhook, provider, isProbe, startedAtMs: nowMs });
    return true;
  }

  /** Never ends before it returns, so that what follows its end does not happen within `begin`. */
  async #carry(lane: Lane, item: Item, to: Sent): Promise<void> {
    const { shares, onChange } = this.#shared;
    try {
      const made = await this.#send(lane, item, to);
      // Else the next owner sends it again.
      if (!lane.owned.lost.aborted) this.#conclude(lane, item, { ...to, made });
    } catch (error) {
      this.#onFault(lane, item, { error, isProbe: to.isProbe });
    } finally {
      lane.sendingCount -= 1;
      shares.giveBack(lane.share, item.deliveryClass);
      this.#tally(lane.owned, -1);
      onChange(lane);
    }
  }

  #tally(owned: OwnedPartition, change: 1 | -1): void {
    this.#count += change;
    const count = (this.#counts.get(owned) ?? 0) + change;
    if (count > 0) this.#counts.set(owned, count);
    else this.#counts.delete(owned);
    if (change < 0 && this.#waiting.length > 0) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  async #send(lane: Lane, item: Item, to: Sent): Promise<NewAttempt> {
    const { clock, send, tracing } = this.#deps;
    const { owned } = lane;
    const { webhook, provider } = to;
    const waits = waitsOf(lane, item, to.startedAtMs);
    if (isSlowRate(webhook.ratePerSecond)) await this.#saveDebt(lane, to.startedAtMs);
    if (!owned.isSafe()) throw new AppError("unavailable", "the lease may be over");
    return await attempt(send, {
      event: item.event,
      webhook,
      provider,
      number: item.attemptCount + 1,
      waits,
      now: clock.now(),
      signal: owned.lost,
      tracing,
    });
  }

  /** A slow rate counts from when the debt is on disk: that is when the delivery goes. */
  async #saveDebt(lane: Lane, startedAtMs: number): Promise<void> {
    const { states, lanes } = this.#shared;
    await states.save([lane]);
    lane.rateFreeAtMs += this.#deps.clock.nowMs() - startedAtMs;
    lanes.arm(lane);
  }

  #conclude(lane: Lane, item: Item, of: Sent & { made: NewAttempt }): void {
    const { clock, random, isWatched, metrics } = this.#deps;
    const { lanes, states, pace } = this.#shared;
    const { webhook, made } = of;
    metrics.onAttempt(made);
    pace.note(lane.webhookUuid, made.durationMs);
    const at = { now: clock.now(), random: random(), isWatched: isWatched(lane.workspaceUuid) };
    const { result, dueAt, blockedUntil, isGone } = conclude({ lane, item, webhook, made }, at);
    const told = { ...of, asksToWait: blockedUntil !== undefined };
    if (learnFrom(lane, told, clock.nowMs())) states.mark(lane);
    if (blockedUntil) lanes.block(lane, toMonotonicMs(clock, blockedUntil), false);
    if (isGone) lanes.turnOff(lane, webhook.targetVersion);
    else if (!isOpen(lane, clock.nowMs())) lanes.setAside(lane);
    this.#write(item, result, (isRecorded) => {
      if (isRecorded && result.state !== "PENDING") metrics.onEnded(result.state);
      this.#onSettled(lane, item, dueAt);
    });
  }

  /** Hands a result over to be written, with the delivery's row if that is still to come. */
  #write({ unwritten }: Item, result: Result, settled: Entry["settled"]): void {
    if (unwritten?.take) unwritten.take({ result, settled });
    else this.#deps.results.add(result, settled);
  }

  #onSettled(lane: Lane, item: Item, dueAt?: Date): void {
    const { lanes, ordering, onChange } = this.#shared;
    lanes.release(lane, item);
    if (!dueAt && item.orderingKey !== undefined) ordering.free(lane, item.orderingKey);
    if (dueAt && !lane.isOff) {
      const deliveryClass = item.deliveryClass === 0 ? 1 : item.deliveryClass;
      lanes.expect(lane, deliveryClass, toMonotonicMs(this.#deps.clock, dueAt));
    }
    onChange(lane);
  }

  /** Subscription or Postgres is down, or a fault of ours: the row stays due, the lane waits. */
  #onFault(lane: Lane, item: Item, { error, isProbe }: { error: unknown; isProbe: boolean }): void {
    if (lane.owned.lost.aborted) return; // the POST was given up: the next owner sends it again
    const { log, clock } = this.#deps;
    const { lanes } = this.#shared;
    if (isProbe) abandonProbe(lane.breaker);
    if (!isPassing(error)) {
      log.error({ err: error, delivery: item.deliveryUuid }, "sending failed");
      if (this.#faults.isHopeless(item.deliveryUuid)) {
        this.#write(item, parkedResult(lane, item), () => this.#onSettled(lane, item));
        return;
      }
    }
    const nowMs = clock.nowMs();
    this.#warn(error, nowMs);
    lanes.release(lane, item);
    lanes.block(lane, nowMs + faultPauseMs, true);
    lanes.expect(lane, item.deliveryClass, nowMs);
  }

  #warn(error: unknown, nowMs: number): void {
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + quietMs;
    this.#deps.log.warn({ err: error }, "deliveries wait for a fault of ours, without an attempt");
  }
}

function waitsOf(lane: Lane, { sinceMs, orderWaitMs }: Item, nowMs: number): Waits {
  const waits = waitsBetween(lane.waitLog, sinceMs, nowMs);
  return orderWaitMs < toldMsMin ? waits : { ...waits, ORDER: Math.round(orderWaitMs) };
}
