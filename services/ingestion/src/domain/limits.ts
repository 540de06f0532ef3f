/** What one publish may ask for. The promises table of the architecture names each of them. */
export const limits = {
  /** Bytes of one event's data. */
  dataBytesMax: 262_144,
  /** Bytes of data in one batch, together. */
  batchDataBytesMax: 4 * 1024 * 1024,
  /** How deep objects and arrays of the data may be nested. */
  depthMax: 64,
  /** Members that one object of the data may have. */
  keysMax: 10_000,
  /** How far ahead of our clock an event's time may lie. */
  timeAheadMaxMs: 5 * 60_000,
  /** How far ahead of our clock an event's delivery may be asked for. */
  deliverAheadMaxMs: 14 * 24 * 3_600_000,
  /** The earliest time that an event may have. */
  timeMinMs: Date.UTC(2000, 0),
  /** How long an idempotency key is remembered. */
  keyLifeMs: 7 * 24 * 3_600_000,
  /** How long a dead letter is listed. */
  deadLetterLifeMs: 90 * 24 * 3_600_000,
} as const;
