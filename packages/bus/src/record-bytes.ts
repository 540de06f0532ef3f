import type { LogRecord } from "./bus.ts";

/**
 * The bytes that a record takes in a chunk of the Postgres log, and, near enough, in Kafka: what
 * limits are measured by.
 */
export function recordBytes({ key, value, headers }: LogRecord): number {
  let bytes = 4 + (key?.length ?? 0) + 4 + value.length + 2;
  for (const name in headers) {
    bytes += 2 + Buffer.byteLength(name) + 4 + (headers[name]?.length ?? 0);
  }
  return bytes;
}
