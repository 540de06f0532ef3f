import type { DescField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import type { Draft } from "./event-record.ts";

/** Memory that is written from its start on. */
interface Sink {
  readonly memory: Buffer<ArrayBuffer>;
  length: number;
}

const { field, fields } = EventRecordSchema;
/** What stands before a value: a tag of one byte and a length of five at most. */
const headBytesMax = 6;
/** Two tags and two varints. */
const timeBytesMax = 22;
const bytesPerCharacterMax = 3;
const fixedBytesMax = fields.length * (headBytesMax + timeBytesMax);

/**
 * Gives the bytes of the record of an accepted event: a `posthorn.topics.v1.EventRecord`.
 * `isRepeat`: the log may hold the event already.
 *
 * The same bytes as protobuf's own `toBinary`, in a sixth of its 4.4 µs, of which each event that
 * is published has one: into memory that small records share, each value copied once.
 */
export function recordValue(
  { workspaceId, provider, traceparent, connection }: Draft,
  accepted: Event,
  { isRepeat }: { isRepeat: boolean },
): Uint8Array<ArrayBuffer> {
  const { id, type, data, orderingKey, connection: connectionId, previousAttributes } = accepted;
  const { integrationName = "", firstSyncCompleteTime } = connection ?? {};
  const sink = sinkFor(
    [id, workspaceId, provider, type, orderingKey, traceparent, connectionId, integrationName],
    data.length + previousAttributes.length,
  );
  writeText(sink, field.eventId, id);
  writeText(sink, field.workspaceId, workspaceId);
  writeText(sink, field.provider, provider);
  writeText(sink, field.type, type);
  writeBytes(sink, field.data, data);
  writeTime(sink, field.occurTime, accepted.time);
  writeTime(sink, field.acceptTime, accepted.acceptTime);
  writeText(sink, field.orderingKey, orderingKey);
  writeText(sink, field.traceparent, traceparent);
  writeTime(sink, field.deliverTime, accepted.deliverTime);
  if (isRepeat) {
    writeTag(sink, field.isRepeat, WireType.Varint);
    writeVarint(sink, 1);
  }
  writeText(sink, field.connectionId, connectionId);
  writeText(sink, field.integrationName, integrationName);
  writeBytes(sink, field.previousAttributes, previousAttributes);
  writeTime(sink, field.firstSyncCompleteTime, firstSyncCompleteTime);
  return sink.memory.subarray(0, sink.length);
}

/** Gives memory that these texts and so many other bytes have room in, with all between them. */
function sinkFor(texts: readonly string[], byteCount: number): Sink {
  let characterCount = 0;
  for (const text of texts) characterCount += text.length;
  const bytesMax = fixedBytesMax + characterCount * bytesPerCharacterMax + byteCount;
  return { memory: Buffer.allocUnsafe(bytesMax), length: 0 };
}

function writeText(sink: Sink, of: DescField, text: string): void {
  if (text === "") return;
  writeTag(sink, of, WireType.LengthDelimited);
  writeVarint(sink, Buffer.byteLength(text));
  sink.length += sink.memory.write(text, sink.length);
}

function writeBytes(sink: Sink, of: DescField, bytes: Uint8Array): void {
  if (bytes.length > 0) writeValue(sink, of, bytes);
}

function writeTime(sink: Sink, of: DescField, time: Timestamp | undefined): void {
  if (time !== undefined) writeValue(sink, of, timeBytes(time));
}

function writeValue(sink: Sink, of: DescField, bytes: Uint8Array): void {
  writeTag(sink, of, WireType.LengthDelimited);
  writeVarint(sink, bytes.length);
  sink.memory.set(bytes, sink.length);
  sink.length += bytes.length;
}

/** Fields up to number 15 have tags of one byte. */
function writeTag(sink: Sink, { number }: DescField, wireType: WireType): void {
  sink.memory[sink.length] = (number << 3) | wireType;
  sink.length += 1;
}

function writeVarint(sink: Sink, value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) {
    sink.memory[sink.length] = (rest & 0x7f) | 0x80;
    sink.length += 1;
  }
  sink.memory[sink.length] = rest;
  sink.length += 1;
}

/** The time that was written last: the two of an event are mostly one, and its neighbours', too. */
let latest = { seconds: 0n, nanos: 0, bytes: new Uint8Array() };

function timeBytes({ seconds, nanos }: Timestamp): Uint8Array {
  if (latest.seconds !== seconds || latest.nanos !== nanos) {
    const writer = new BinaryWriter();
    const { field: of } = TimestampSchema;
    if (seconds !== 0n) writer.tag(of.seconds.number, WireType.Varint).int64(seconds);
    if (nanos !== 0) writer.tag(of.nanos.number, WireType.Varint).int32(nanos);
    latest = { seconds, nanos, bytes: writer.finish() };
  }
  return latest.bytes;
}
