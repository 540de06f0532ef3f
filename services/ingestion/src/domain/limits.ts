/** What publishing promises beside what one event may be. */
export const limits = {
  /** Bytes of data in one batch, together. */
  batchDataBytesMax: 4 * 1024 * 1024,
  /** How long an idempotency key is remembered. */
  keyLifeMs: 7 * 24 * 3_600_000,
  /** How long a dead letter is listed. */
  deadLetterLifeMs: 90 * 24 * 3_600_000,
} as const;
