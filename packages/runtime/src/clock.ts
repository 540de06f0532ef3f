import { setTimeout as sleep } from "node:timers/promises";

/** The longest time that a Node timer can wait. */
const timerMsMax = 2_147_483_647;

/** The time, and waiting for it. What decides by time takes one, so that a test can be the clock. */
export interface Clock {
  /** The time of day; jumps when somebody sets the machine's clock. */
  now(): Date;
  /** Monotonic, in milliseconds, from any zero. */
  nowMs(): number;
  /** Calls back once, after so many milliseconds. Gives what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Waits; ends early, without a throw, when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, timerMsMax));
    return () => clearTimeout(timer);
  },
  async sleep(delayMs, signal) {
    await sleep(Math.min(delayMs, timerMsMax), undefined, signal && { signal }).catch(() => {}); // aborted
  },
};

/** A time of day on the clock's monotonic scale. */
export function toMonotonicMs(clock: Clock, time: Date): number {
  return clock.nowMs() + time.getTime() - clock.now().getTime();
}

/** A time on the clock's monotonic scale as a time of day. */
export function toTimeOfDay(clock: Clock, ms: number): Date {
  return new Date(clock.now().getTime() + ms - clock.nowMs());
}
