import type { NodeResponse } from "./node-http.ts";

/** Counts answers that are under way. */
export interface InFlight {
  add(response: NodeResponse): void;
  /** Waits until none is under way, or `timeoutMs` has passed. */
  drained(timeoutMs: number): Promise<void>;
}

/**
 * Makes a count that starts at none. Answers are not collected: the tables that a Set leaves behind
 * hold on to each other, and to all that was ever in it, until a major collection.
 */
export function inFlight(): InFlight {
  let openCount = 0;
  const waiting = new Set<() => void>();
  return {
    add(response) {
      openCount += 1;
      response.once("close", () => {
        openCount -= 1;
        if (openCount > 0) return;
        for (const end of [...waiting]) end();
      });
    },
    async drained(timeoutMs) {
      if (openCount === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
      waiting.delete(resolve);
    },
  };
}
