/** What one event may be. The promises table of the architecture names each of them. */
export const eventLimits = {
  /** Bytes of its data. */
  dataBytesMax: 262_144,
  /** How deep objects and arrays of the data may be nested. */
  depthMax: 64,
  /** Members that one object of the data may have. */
  keysMax: 10_000,
  /** How far ahead of our clock its time may lie. */
  timeAheadMaxMs: 5 * 60_000,
  /** How far ahead of our clock its delivery may be asked for. */
  deliverAheadMaxMs: 14 * 24 * 3_600_000,
  /** The earliest time that it may have. */
  timeMinMs: Date.UTC(2000, 0),
} as const;
