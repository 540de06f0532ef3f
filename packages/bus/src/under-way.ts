/** Work that has begun and not ended. */
export interface UnderWay {
  /** Counts the work until it ends; gives it back. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. Never throws. */
  settled(): Promise<void>;
}

/**
 * Starts with nothing under way. Work is counted and not collected: the tables that a Set leaves
 * behind hold on to each other, and to all that was ever in it, until a major collection.
 */
export function underWay(): UnderWay {
  let count = 0;
  let waiting: (() => void)[] = [];
  const onEnd = () => {
    count -= 1;
    if (count > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return {
    track(work) {
      count += 1;
      work.then(onEnd, onEnd);
      return work;
    },
    async settled() {
      while (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
