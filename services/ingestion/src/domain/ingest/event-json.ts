import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import { type Event, EventSchema } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { readJsonRecord } from "./json-record.ts";

/**
 * Reads our event JSON, as in the body of a REST publish; `data` keeps its bytes. Throws
 * `invalid` for what is no such JSON, members that an event does not have among them.
 */
export function eventOfJson(value: Uint8Array): Event {
  const { members, data } = readJsonRecord(value);
  const event = parse(members as JsonObject);
  if (data !== undefined) event.data = data;
  return event;
}

function parse(json: JsonObject): Event {
  try {
    return fromJson(EventSchema, json);
  } catch (error) {
    const detail = error instanceof Error ? error.message.slice(0, 300) : "";
    throw invalid("event", `is no event: ${detail}`);
  }
}
