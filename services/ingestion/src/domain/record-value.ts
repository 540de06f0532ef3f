import type { DescField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import type { Draft } from "./event-record.ts";

/** One for all records: it keeps the memory that it has grown to, which each needs again. */
const writer = new BinaryWriter();

/**
 * Gives the bytes of the record of an accepted event: a `posthorn.topics.v1.EventRecord`.
 * `isRepeat`: the log may hold the event already.
 *
 * The same bytes as protobuf's own `toBinary`, in a quarter of its 4.4 µs, of which each event that
 * is published has one.
 */
export function recordValue(
  { workspaceId, provider, traceparent, connection }: Draft,
  accepted: Event,
  { isRepeat }: { isRepeat: boolean },
): Uint8Array<ArrayBuffer> {
  const { field } = EventRecordSchema;
  writer.finish(); // Drops what a record that could not be written left behind.
  writeText(field.eventId, accepted.id);
  writeText(field.workspaceId, workspaceId);
  writeText(field.provider, provider);
  writeText(field.type, accepted.type);
  writeBytes(field.data, accepted.data);
  writeTime(field.occurTime, accepted.time);
  writeTime(field.acceptTime, accepted.acceptTime);
  writeText(field.orderingKey, accepted.orderingKey);
  writeText(field.traceparent, traceparent);
  writeTime(field.deliverTime, accepted.deliverTime);
  if (isRepeat) writer.tag(field.isRepeat.number, WireType.Varint).bool(true);
  writeText(field.connectionId, accepted.connection);
  writeText(field.integrationName, connection?.integrationName ?? "");
  writeBytes(field.previousAttributes, accepted.previousAttributes);
  writeTime(field.firstSyncCompleteTime, connection?.firstSyncCompleteTime);
  return writer.finish();
}

function writeText({ number }: DescField, text: string): void {
  if (text !== "") writer.tag(number, WireType.LengthDelimited).string(text);
}

function writeBytes({ number }: DescField, bytes: Uint8Array): void {
  if (bytes.length > 0) writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

function writeTime({ number }: DescField, time: Timestamp | undefined): void {
  if (time === undefined) return;
  const { seconds, nanos } = TimestampSchema.field;
  writer.tag(number, WireType.LengthDelimited).fork();
  if (time.seconds !== 0n) writer.tag(seconds.number, WireType.Varint).int64(time.seconds);
  if (time.nanos !== 0) writer.tag(nanos.number, WireType.Varint).int32(time.nanos);
  writer.join();
}
