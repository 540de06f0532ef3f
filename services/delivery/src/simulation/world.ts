import type { Clock } from "@posthorn/runtime";
import { dueHeap } from "../domain/due-heap.ts";
import { type Random, random } from "./random.ts";

/** Whoever acts: a process, or one of the servers around it. */
export interface Actor {
  readonly name: string;
  /** A dead actor never acts again: what it waited for never comes. */
  isDead: boolean;
  /** A frozen actor acts again from this time on. */
  frozenUntilMs: number;
}

interface Happening {
  readonly atMs: number;
  readonly actor: Actor;
  readonly happen: () => void;
  isCanceled: boolean;
}

/** A promise of Posthorn that did not hold, or a defect that showed. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Shortly before midnight, so that days change early. */
const startMs = Date.UTC(2026, 0, 31, 23, 58);

/**
 * A world whose time passes only when nothing is left to do: whatever happens (an answer, a timer,
 * a crash) is one step, and between two steps all code runs that can. One seed, one course.
 */
export class World {
  readonly random: Random;
  /** Milliseconds since the beginning. */
  nowMs = 0;
  stepCount = 0;
  readonly violations: Violation[] = [];
  readonly #happenings = dueHeap<Happening>();

  constructor(seed: number) {
    this.random = random(seed);
  }

  /** The time of day. */
  get now(): Date {
    return new Date(startMs + this.nowMs);
  }

  /** The time of day, of milliseconds since the beginning. */
  timeOf(ms: number): Date {
    return new Date(startMs + ms);
  }

  /** Milliseconds since the beginning, of a time of day. */
  msOf(time: Date): number {
    return time.getTime() - startMs;
  }

  /** Makes a UUIDv7 of now whose other digits come from the seed, too. */
  newUuid(): string {
    const digits = (count: number) =>
      Array.from({ length: count }, () => this.random.between(0, 15).toString(16)).join("");
    const time = this.now.getTime().toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${digits(3)}-8${digits(3)}-${digits(12)}`;
  }

  /** Lets something happen to an actor after a while. Gives what cancels it. */
  after(delayMs: number, actor: Actor, happen: () => void): () => void {
    const atMs = this.nowMs + Math.max(delayMs, 0);
    const happening = { atMs, actor, happen, isCanceled: false };
    this.#happenings.push(atMs, happening);
    return () => {
      happening.isCanceled = true;
    };
  }

  /** Resolves after a while, unless the actor is dead by then. */
  wait(delayMs: number, actor: Actor): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, actor, resolve));
  }

  /** Notes that a promise did not hold. */
  violated(message: string): void {
    this.violations.push(new Violation(`at ${this.nowMs.toFixed(0)} ms: ${message}`));
  }

  /** Lets the next thing happen, and all that follows from it at once. */
  async step(): Promise<void> {
    const happening = this.#next();
    if (!happening) throw new Error("nothing is left to happen");
    this.nowMs = Math.max(this.nowMs, happening.atMs);
    this.stepCount += 1;
    happening.happen();
    await settled();
  }

  #next(): Happening | undefined {
    for (;;) {
      const happening = this.#happenings.popDue(Number.POSITIVE_INFINITY);
      if (!happening) return undefined;
      const { actor, atMs } = happening;
      if (happening.isCanceled || actor.isDead) continue;
      if (actor.frozenUntilMs <= atMs) return happening;
      const later = { ...happening, atMs: actor.frozenUntilMs };
      this.#happenings.push(later.atMs, later);
    }
  }
}

/** Resolves when all code that can run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How an actor's clocks differ from the world's. */
export interface Skew {
  /** Of the time of day. */
  readonly dayMs: number;
  /** Where its monotonic clock began. */
  readonly zeroMs: number;
}

/** Gives an actor's clock. Timers come up to 2 ms late. */
export function clockOf(world: World, actor: Actor, skew: Skew): Clock {
  const after = (delayMs: number, callback: () => void) =>
    world.after(delayMs + world.random.next() * 2, actor, callback);
  return {
    now: () => new Date(world.now.getTime() + skew.dayMs),
    nowMs: () => world.nowMs + skew.zeroMs,
    after,
    sleep(delayMs, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const end = () => {
          cancel();
          signal?.removeEventListener("abort", end);
          resolve();
        };
        const cancel = after(delayMs, end);
        signal?.addEventListener("abort", end);
      });
    },
  };
}
