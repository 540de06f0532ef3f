import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PublishEventRequestSchema } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { CloudEvent, Kafka } from "cloudevents";
import { describe, expect, test } from "vitest";
import { decodeRecord } from "./decode.ts";

/** Spellings that a parser and a printer would lose. */
const data = String.raw`{ "b":1.0, "2":123456789012345678901234567890, "a":"\u00e4" }`;
const time = new Date("2026-11-21T10:00:00.123Z");
const later = new Date("2026-11-22T10:00:00Z");

function decode(value: Uint8Array | string, headers: Record<string, string> = {}) {
  const names = new Map(Object.entries(headers));
  return decodeRecord(names, typeof value === "string" ? Buffer.from(value) : value);
}

const acme = { "posthorn-workspace": "acme" };
const refusal = (field: string, reason?: string) =>
  expect.objectContaining({
    reason: "invalid",
    fields: [expect.objectContaining(reason ? { field, reason } : { field })],
  });

describe("protobuf", () => {
  const request = create(PublishEventRequestSchema, {
    workspace: "acme",
    event: { type: "a.b", data: Buffer.from(data), idempotencyKey: "k" },
  });
  const value = toBinary(PublishEventRequestSchema, request);

  test.each(["application/protobuf", "application/x-protobuf", "Application/Protobuf; v=1"])(
    "is told by %s",
    (contentType) => {
      const decoded = decode(value, { "content-type": contentType });
      expect(decoded.workspace).toBe("acme");
      expect(Buffer.from(decoded.event?.data ?? []).toString()).toBe(data);
      expect(decoded.event?.idempotencyKey).toBe("k");
    },
  );

  test.each([
    ["cut off", value.subarray(0, -1)],
    ["a varint of 11 bytes", Buffer.alloc(11, 0xff)],
    ["JSON", Buffer.from("{}")],
  ])("is refused when it is %s", (_, bytes) => {
    const headers = { "content-type": "application/protobuf" };
    expect(() => decode(bytes, headers)).toThrow(refusal("value"));
  });
});

describe("our event JSON", () => {
  const json = `{"type":"a.b","time":"2026-11-21T10:00:00.123Z","data": ${data} ,"orderingKey":"o","deliverTime":"2026-11-22T10:00:00Z"}`;

  test.each([{}, { "content-type": "application/json" }])("is read with %j", (headers) => {
    const { workspace, event } = decode(json, { ...acme, ...headers });
    expect(workspace).toBe("acme");
    expect(event).toMatchObject({
      type: "a.b",
      time: timestampFromDate(time),
      orderingKey: "o",
      deliverTime: timestampFromDate(later),
    });
    expect(Buffer.from(event?.data ?? []).toString()).toBe(data);
  });

  test("keeps the bytes of previous values", () => {
    const { event } = decode(
      `{"type":"a","data":1,"previousData":${data},"previousAttributes": { "n":1.0 } }`,
      acme,
    );
    expect(Buffer.from(event?.previousData ?? []).toString()).toBe(data);
    expect(Buffer.from(event?.previousAttributes ?? []).toString()).toBe('{ "n":1.0 }');
  });

  test.each([
    ["no JSON", "nothing", "value"],
    ["no object", "[1]", "value"],
    ["a key twice", '{"type":"a","type":"b"}', "value"],
    ["a member that events do not have", '{"type":"a","data":1,"more":1}', "event"],
    ["a time without zone", '{"type":"a","time":"2026-11-21T10:00:00"}', "event"],
    ["a time that is no time", '{"type":"a","time":"infinity"}', "event"],
    ["a type that is no text", '{"type":1}', "event"],
    ["no value", "", "value"],
  ])("is refused when it is %s", (_, value, field) => {
    expect(() => decode(value, acme)).toThrow(refusal(field));
  });

  test.each(["text/xml", "application/avro", "application/cloudevents-batch+json"])(
    "is not what %s says",
    (contentType) => {
      expect(() => decode(json, { ...acme, "content-type": contentType })).toThrow(
        refusal("content-type"),
      );
    },
  );
});

describe("CloudEvents, written by the SDK", () => {
  const cloudEvent = new CloudEvent({
    id: "17",
    source: "/shop",
    type: "a.b",
    time: time.toISOString(),
    workspaceid: "acme",
    orderingkey: "o",
    delivertime: later.toISOString(),
    connectionid: "conn_1",
    previousdata: '{"a":0.0}',
    data: { a: 1 },
  });
  /** The SDK leaves headers undefined, which Kafka clients leave out. */
  const flat = (headers: object) =>
    Object.fromEntries(
      Object.entries(headers)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, String(value)]),
    );

  test.each([
    ["binary", Kafka.binary(cloudEvent)],
    ["structured", Kafka.structured(cloudEvent)],
  ])("are read in %s mode", (_, message) => {
    const value = typeof message.value === "string" ? message.value : JSON.stringify(message.value);
    const { workspace, event } = decode(value, flat(message.headers));
    expect(workspace).toBe("acme");
    expect(event).toMatchObject({
      type: "a.b",
      idempotencyKey: "/shop 17",
      orderingKey: "o",
      time: timestampFromDate(time),
      deliverTime: timestampFromDate(later),
      connection: "conn_1",
    });
    expect(Buffer.from(event?.previousData ?? []).toString()).toBe('{"a":0.0}');
    expect(Buffer.from(event?.data ?? []).toString()).toBe('{"a":1}');
  });
});

describe("CloudEvents", () => {
  const attributes = { specversion: "1.0", id: "17", source: "/shop", type: "a.b" };
  const structured = { ...acme, "content-type": "application/cloudevents+json; charset=UTF-8" };
  const text = (more: string, without = "") =>
    JSON.stringify({ ...attributes, ...(without && { [without]: undefined }) }).slice(0, -1) +
    `${more}}`;

  test("keep the bytes of structured data", () => {
    const { event } = decode(text(`,"data":${data}`), structured);
    expect(Buffer.from(event?.data ?? []).toString()).toBe(data);
  });

  test("may carry JSON in base64", () => {
    const base64 = Buffer.from(data).toString("base64");
    const { event } = decode(text(`,"data_base64":"${base64}"`), structured);
    expect(Buffer.from(event?.data ?? []).toString()).toBe(data);
  });

  test("keep the bytes of binary data", () => {
    const headers = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]);
    const { event } = decode(data, { ...acme, ...Object.fromEntries(headers) });
    expect(Buffer.from(event?.data ?? []).toString()).toBe(data);
  });

  test.each([
    ["another version", text("").replace("1.0", "0.3"), "specversion"],
    ["no id", text("", "id"), "id"],
    ["no source", text("", "source"), "source"],
    ["no type", text("", "type"), "type"],
    ["a source with a space", text("").replace("/shop", "/a b"), "source"],
    [
      "data that is no JSON",
      text(',"datacontenttype":"text/xml","data":"<a/>"'),
      "datacontenttype",
    ],
    ["a time without zone", text(',"time":"2026-11-21T10:00:00"'), "time"],
    ["a time to deliver at that is none", text(',"delivertime":"tomorrow"'), "delivertime"],
    ["an id that is no text", text(',"data":1').replace('"17"', "17"), "id"],
    ["two kinds of data", text(',"data":1,"data_base64":"MQ=="'), "data_base64"],
    ["base64 that is none", text(',"data_base64":"M"'), "data_base64"],
    ["another workspace than the header", text(',"workspaceid":"other"'), "workspace"],
  ])("are refused with %s", (_, value, field) => {
    expect(() => decode(value, structured)).toThrow(refusal(field));
  });
});

describe("the workspace", () => {
  test("is required", () => {
    expect(() => decode('{"type":"a","data":1}')).toThrow(refusal("workspace"));
  });

  test("of header and protobuf must be one", () => {
    const value = toBinary(
      PublishEventRequestSchema,
      create(PublishEventRequestSchema, { workspace: "b" }),
    );
    const headers = { ...acme, "content-type": "application/protobuf" };
    expect(() => decode(value, headers)).toThrow(refusal("workspace"));
  });
});
