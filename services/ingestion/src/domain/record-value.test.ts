import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import { expect, test } from "vitest";
import { recordValue } from "./record-value.ts";

const home = { workspaceId: "ws_1", provider: "demo", traceparent: "" };
const full = {
  id: "evt_1",
  type: "order.created",
  data: Buffer.from('{"a":"ü"}'),
  time: timestampFromMs(1_760_000_000_123),
  acceptTime: timestampFromMs(1_760_000_000_000),
  orderingKey: "Bestellung ß 🙂",
  deliverTime: timestampFromMs(0),
  connection: "conn_1",
  previousAttributes: Buffer.from('{"b":1}'),
};
const traced = { ...home, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
const connected = { integrationName: "shop", firstSyncCompleteTime: timestampFromMs(-1) };
const large = { ...full, data: new Uint8Array(262_144).fill(7), orderingKey: "ö".repeat(256) };

test.each([
  ["all fields", full, { ...traced, connection: connected }, true],
  ["few fields", { id: "evt_1" }, home, false],
  ["a large value", large, home, false],
  ["a small value after it", full, { ...home, connection: { integrationName: "" } }, false],
])("writes %s as protobuf itself does", (_, fields, draft, isRepeat) => {
  const event = create(EventSchema, fields);
  const value = recordValue({ ...draft, event }, event, { isRepeat });
  const { id: eventId, time: occurTime, connection: connectionId, ...same } = event;
  const { connection, ...named } = { connection: {}, ...draft };
  const record = { ...same, ...named, ...connection, eventId, connectionId, isRepeat };
  const known = Object.entries({ ...record, occurTime }).filter(([name, it]) => {
    return !name.startsWith("$") && it !== undefined;
  });
  const expected = create(EventRecordSchema, Object.fromEntries(known));
  expect(Buffer.from(value).equals(toBinary(EventRecordSchema, expected))).toBe(true);
});

test("knows every field of the record", () => {
  expect(EventRecordSchema.fields.at(-1)?.number).toBe(15);
});
