import type { Clock } from "@posthorn/runtime";
import { dueHeap } from "../domain/due-heap.ts";

interface Timer {
  isCanceled: boolean;
  readonly callback: () => void;
}

/** A clock that stands until it is moved. */
export interface VirtualClock extends Clock {
  /** Moves the time on, and calls back on the way whatever is due, each at its time. */
  advance(ms: number): Promise<void>;
}

/** Makes one; time begins at a whole second. */
export function virtualClock(startAt = new Date("2026-01-01T00:00:00Z")): VirtualClock {
  const timers = dueHeap<Timer>();
  let nowMs = 0;
  const after = (delayMs: number, callback: () => void) => {
    const timer: Timer = { isCanceled: false, callback };
    timers.push(nowMs + Math.max(delayMs, 0), timer);
    return () => {
      timer.isCanceled = true;
    };
  };
  return {
    now: () => new Date(startAt.getTime() + nowMs),
    nowMs: () => nowMs,
    after,
    sleep(delayMs, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const cancel = after(delayMs, resolve);
        signal?.addEventListener("abort", () => {
          cancel();
          resolve();
        });
      });
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settled();
      while (timers.nextAtMs <= untilMs) {
        nowMs = Math.max(nowMs, timers.nextAtMs);
        const timer = timers.popDue(nowMs);
        if (timer && !timer.isCanceled) timer.callback();
        await settled();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets everything happen that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
