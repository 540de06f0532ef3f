import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import { type Event, EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { readJsonRecord } from "./json-record.ts";

/**
 * Reads our event JSON, as in the body of a REST publish; data and previous values keep their
 * bytes. Throws `invalid` for what is no such JSON, members that an event does not have among them.
 */
export function eventOfJson(value: Uint8Array): Event {
  const { members, raw } = readJsonRecord(value, rawNames);
  const event = parse(members as JsonObject);
  for (const name of rawNames) event[name] = raw.get(name) ?? event[name];
  return event;
}

const rawNames = ["data", "previousData", "previousAttributes"] as const;

function parse(json: JsonObject): Event {
  try {
    return fromJson(EventSchema, json);
  } catch (error) {
    const detail = error instanceof Error ? error.message.slice(0, 300) : "";
    throw invalid("event", `is no event: ${detail}`);
  }
}
