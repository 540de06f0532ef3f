const webhooksMax = 100_000;
/** An answer within this time is worth waiting for before the delivery's row is written. */
const quickMsMax = 60;
/** How much one attempt moves the mean. */
const weight = 0.2;

/** How quickly webhooks answer: a moving mean for each of those that were sent to last. */
export class Pace {
  readonly #meanMs = new Map<string, number>();

  /** Notes how long an attempt took. */
  note(webhookUuid: string, durationMs: number): void {
    const meanMs = this.#meanMs.get(webhookUuid);
    if (meanMs === undefined && this.#meanMs.size >= webhooksMax) this.#forgetOldest();
    const nextMs = meanMs === undefined ? durationMs : meanMs + weight * (durationMs - meanMs);
    this.#meanMs.set(webhookUuid, nextMs);
  }

  /** Tells whether the webhook answers quickly; one that is not known is taken to. */
  isQuick(webhookUuid: string): boolean {
    return (this.#meanMs.get(webhookUuid) ?? 0) <= quickMsMax;
  }

  #forgetOldest(): void {
    for (const webhookUuid of this.#meanMs.keys()) {
      this.#meanMs.delete(webhookUuid);
      return;
    }
  }
}
