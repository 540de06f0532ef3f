import type { Received, Receiver } from "./receiver.ts";

const keptMax = 1_000;

/** What came in since it was made, so that nothing is missed that is faster than its 202. */
export interface Arrivals {
  /** Gives the delivery of an event once it is here; undefined when it is not in time. */
  of(
    eventId: string,
    options: { timeoutMs: number; stop: AbortSignal },
  ): Promise<Received | undefined>;
  /** Stops gathering. */
  end(): void;
}

/** Starts gathering what a receiver gets. */
export function arrivals({ onReceived }: Receiver): Arrivals {
  const kept = new Map<string, Received>();
  let notify = () => {};
  const end = onReceived((received) => {
    if (kept.size < keptMax) kept.set(received.id, received);
    notify();
  });
  return {
    end,
    async of(eventId, { timeoutMs, stop }) {
      const over = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
      while (!kept.has(eventId) && !over.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        notify = resolve;
        over.addEventListener("abort", () => resolve(), { once: true });
        await promise;
      }
      return kept.get(eventId);
    },
  };
}
