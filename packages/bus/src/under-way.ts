/** Work that has begun and not ended. */
export interface UnderWay {
  /** Counts the work until it ends; gives it back. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. Never throws. */
  settled(): Promise<void>;
}

/** Starts with nothing under way. */
export function underWay(): UnderWay {
  const running = new Set<Promise<unknown>>();
  return {
    track(work) {
      const tracked = work.finally(() => running.delete(tracked));
      running.add(tracked);
      return tracked;
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
