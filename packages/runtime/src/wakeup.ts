import { type Clock, systemClock } from "./clock.ts";

/** A wake-up for workers: one that comes while nobody waits is kept for the next to wait. */
export interface Wakeup {
  /** Ends all waits under way, or else the next one as it begins. */
  wake(): void;
  /** Waits until woken, until `timeoutMs` has passed, or until `stop` aborts. Never throws. */
  wait(options: { timeoutMs: number; stop: AbortSignal }): Promise<void>;
}

/** Makes a wake-up. */
export function wakeup(clock: Clock = systemClock): Wakeup {
  let pending = false;
  const waiting = new Set<() => void>();
  return {
    wake() {
      if (waiting.size === 0) pending = true;
      for (const end of [...waiting]) end();
    },
    wait({ timeoutMs, stop }) {
      if (pending || stop.aborted) {
        pending = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const end = () => {
          waiting.delete(end);
          cancel();
          stop.removeEventListener("abort", end);
          resolve();
        };
        const cancel = clock.after(timeoutMs, end);
        waiting.add(end);
        stop.addEventListener("abort", end);
      });
    },
  };
}
