import type { NodeResponse } from "./node-http.ts";

/** Counts answers that are under way. */
export interface InFlight {
  add(response: NodeResponse): void;
  /** Waits until none is under way, or `timeoutMs` has passed. */
  drained(timeoutMs: number): Promise<void>;
}

/** Makes a count that starts at none. */
export function inFlight(): InFlight {
  const open = new Set<NodeResponse>();
  const waiting = new Set<() => void>();
  return {
    add(response) {
      open.add(response);
      response.once("close", () => {
        open.delete(response);
        if (open.size > 0) return;
        for (const end of [...waiting]) end();
      });
    },
    async drained(timeoutMs) {
      if (open.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
      waiting.delete(resolve);
    },
  };
}
