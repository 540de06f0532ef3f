/** Anything that runs as long as the process: server, consumer, sender, timer. */
export interface Part {
  /** For logs and errors. */
  readonly name: string;
  /**
   * Serves until `stop` aborts, then lets go of everything and returns; a rejection with the
   * signal's own reason (or an AbortError) after that counts as returning. Calls `ready` once it
   * serves. Ending or failing before `stop` stops the whole process.
   */
  run(stop: AbortSignal, ready: () => void): Promise<void>;
}

/** Resolves when the signal aborts; at once when it has. */
export function untilStopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
