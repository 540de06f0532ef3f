import type { KafkaMessage } from "kafkajs";
import type { StoredRecord } from "../bus.ts";

const empty: Uint8Array = new Uint8Array();

/** Turns what kafkajs read into a record. A foreign record without value gets an empty one. */
export function toStoredRecord(partition: number, message: KafkaMessage): StoredRecord {
  return {
    partition,
    offset: BigInt(message.offset),
    appendedAt: new Date(Number(message.timestamp)),
    key: message.key,
    value: message.value ?? empty,
    headers: headersOf(message),
  };
}

function headersOf({ headers }: KafkaMessage): Record<string, Uint8Array> {
  const bytes: Record<string, Uint8Array> = Object.create(null);
  for (const [name, values] of Object.entries(headers ?? {})) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    bytes[name] = typeof value === "string" ? Buffer.from(value) : (value ?? empty);
  }
  return bytes;
}
