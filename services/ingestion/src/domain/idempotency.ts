import { hash } from "node:crypto";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { invalid } from "@posthorn/errors";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";

/** The header, of requests and of metadata, that bears an idempotency key. */
export const keyHeader = "idempotency-key";

/** 1 to 256 printable ASCII characters, no space at either end; as `Event.idempotency_key`. */
const keyForm = /^[!-~]([ -~]{0,254}[!-~])?$/;

/** Checks the header `Idempotency-Key`; null when the request has none. Throws `invalid`. */
export function checkKeyHeader(header: string | null): string | undefined {
  if (header === null) return undefined;
  if (keyForm.test(header)) return header;
  throw invalid(keyHeader, "must be 1 to 256 printable ASCII characters");
}

/**
 * Gives the idempotency key of the only event of a request, undefined when there is none. Throws
 * `invalid` when header and field give different ones.
 */
export function keyOfEvent(header: string | undefined, event: Event): string | undefined {
  if (event.idempotencyKey === "") return header;
  checkSameKey(header, event.idempotencyKey, "event");
  return event.idempotencyKey;
}

/**
 * Gives the idempotency key of an event in a batch. A header names the whole batch, so each event
 * gets a key of its own from it: the header, its place and the batch's size, set apart by tabs,
 * which no caller's key can hold. Throws `invalid` when header and field give different keys.
 */
export function keyInBatch(
  header: string | undefined,
  event: Event,
  place: { readonly index: number; readonly count: number },
): string | undefined {
  const field = `events[${place.index}]`;
  if (event.idempotencyKey !== "") checkSameKey(header, event.idempotencyKey, field);
  if (header === undefined) return event.idempotencyKey || undefined;
  return place.count === 1 ? header : `${header}\t${place.index}\t${place.count}`;
}

function checkSameKey(header: string | undefined, key: string, field: string): void {
  if (header === undefined || header === key) return;
  throw invalid(`${field}.idempotencyKey`, `differs from the header ${keyHeader}`);
}

/** Where a record stands, for ever: the log's identity, topic, partition and offset. */
export interface RecordPlace {
  readonly logId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Gives the idempotency key of a record that names none; starts with a tab, as no caller's does. */
export function keyOfRecord({ logId, topic, partition, offset }: RecordPlace): string {
  return `\t${logId}\t${topic}\t${partition}\t${offset}`;
}

/** Gives the idempotency key of what became of a connection; starts with a tab, too. */
export function keyOfConnectionEvent(connectionId: string, kind: string): string {
  return `\tconnection\t${connectionId}\t${kind}`;
}

/**
 * Gives the SHA-256 of what an event says: type, times as far as they are given, ordering key,
 * connection, and the very bytes of its data and of its previous values. Two publishes with one
 * idempotency key must agree in it.
 */
export function bodyHash(event: Event): Uint8Array {
  const { type, time, orderingKey, deliverTime, data, connection, previousAttributes } = event;
  const said = [type, time ? textOf(time) : null, orderingKey];
  if (deliverTime) said.push(textOf(deliverTime));
  const parts = [Buffer.from(`${JSON.stringify(said)}\n`), data];
  // Events that have neither hash as they always did.
  if (connection !== "" || previousAttributes.length > 0) {
    const more = JSON.stringify([connection, data.length]);
    parts.push(Buffer.from(`\n${more}\n`), previousAttributes);
  }
  return hash("sha256", Buffer.concat(parts), "buffer");
}

function textOf({ seconds, nanos }: Timestamp): string {
  return `${seconds}.${nanos}`;
}
