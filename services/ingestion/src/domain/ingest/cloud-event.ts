import { create, fromJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { invalid } from "@posthorn/errors";
import { type Event, EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { type Headers, isJson, mediaTypeOf } from "./headers.ts";
import { type JsonRecord, readJsonRecord } from "./json-record.ts";

/** What a CloudEvent says: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export interface CloudEvent {
  /** The attribute `workspaceid`; empty when it has none. */
  readonly workspace: string;
  readonly event: Event;
}

/** Gives a context attribute by its name; undefined or empty when there is none. */
type Attribute = (name: string) => string | undefined;

/** Reads a CloudEvent in binary mode: attributes in the headers `ce_*`, data in the value. */
export function binaryCloudEvent(headers: Headers, value: Uint8Array): CloudEvent {
  const attribute: Attribute = (name) => headers.get(`ce_${name}`);
  return cloudEvent(attribute, headers.get("content-type"), value);
}

/** Reads a CloudEvent in structured mode: a JSON object of attributes, with `data` or `data_base64`. */
export function structuredCloudEvent(value: Uint8Array): CloudEvent {
  const record = readJsonRecord(value, ["data"]);
  const attribute: Attribute = (name) => textOf(record, name);
  return cloudEvent(attribute, attribute("datacontenttype"), dataOf(record));
}

/**
 * Source and id are the idempotency key; the extensions `workspaceid`, `connectionid`,
 * `orderingkey`, `delivertime`, `previousdata` and `previousattributes` (JSON in a string) are ours,
 * all other attributes are left out.
 */
function cloudEvent(
  attribute: Attribute,
  contentType: string | undefined,
  data: Uint8Array,
): CloudEvent {
  if (attribute("specversion") !== "1.0") throw invalid("specversion", "must be 1.0");
  if (!isJson(mediaTypeOf(contentType))) throw invalid("datacontenttype", "must be JSON");
  const source = required(attribute, "source");
  if (/\s/.test(source)) throw invalid("source", "must be a URI reference without white space");
  const event = create(EventSchema, {
    type: required(attribute, "type"),
    data,
    orderingKey: attribute("orderingkey") ?? "",
    connection: attribute("connectionid") ?? "",
    previousData: Buffer.from(attribute("previousdata") ?? ""),
    previousAttributes: Buffer.from(attribute("previousattributes") ?? ""),
    idempotencyKey: `${source} ${required(attribute, "id")}`,
  });
  const time = attribute("time");
  if (time) event.time = timeOf("time", time);
  const deliverTime = attribute("delivertime");
  if (deliverTime) event.deliverTime = timeOf("delivertime", deliverTime);
  return { workspace: attribute("workspaceid") ?? "", event };
}

function required(attribute: Attribute, name: string): string {
  const text = attribute(name);
  if (text) return text;
  throw invalid(name, "is required in a CloudEvent");
}

function textOf({ members }: JsonRecord, name: string): string | undefined {
  const value = (Object.hasOwn(members, name) ? members[name] : undefined) ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw invalid(name, "must be a string");
}

function timeOf(name: string, text: string): Timestamp {
  try {
    return fromJson(TimestampSchema, text);
  } catch {
    throw invalid(name, "must be an RFC 3339 time with its zone");
  }
}

function dataOf(record: JsonRecord): Uint8Array {
  const data = record.raw.get("data");
  const base64 = textOf(record, "data_base64");
  if (base64 === undefined) return data ?? new Uint8Array();
  if (data !== undefined) throw invalid("data_base64", "must not stand beside data");
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") === base64) return bytes;
  throw invalid("data_base64", "must be base64");
}
