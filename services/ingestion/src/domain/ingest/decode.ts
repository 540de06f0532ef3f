import { create, fromBinary } from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import {
  type PublishEventRequest,
  PublishEventRequestSchema,
} from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { binaryCloudEvent, type CloudEvent, structuredCloudEvent } from "./cloud-event.ts";
import { eventOfJson } from "./event-json.ts";
import { type Headers, isJson, mediaTypeOf, workspaceHeader } from "./headers.ts";

/**
 * Reads a record of an ingest topic, in whichever of its four forms it is: protobuf
 * `PublishEventRequest`, CloudEvents 1.0 binary or structured, or our event JSON. The idempotency
 * key of a CloudEvent is its source and id. Throws `invalid` with what cannot be read; what it
 * says is not checked yet.
 */
export function decodeRecord(headers: Headers, value: Uint8Array): PublishEventRequest {
  const contentType = mediaTypeOf(headers.get("content-type"));
  if (headers.has("ce_specversion")) return ofCloudEvent(headers, binaryCloudEvent(headers, value));
  switch (contentType) {
    case "application/cloudevents+json":
      return ofCloudEvent(headers, structuredCloudEvent(value));
    case "application/protobuf":
    case "application/x-protobuf":
      return ofProtobuf(headers, value);
  }
  if (!isJson(contentType) || contentType.startsWith("application/cloudevents")) {
    throw invalid("content-type", "must be JSON, protobuf or a CloudEvent");
  }
  const workspace = workspaceOf(headers, "");
  return create(PublishEventRequestSchema, { workspace, event: eventOfJson(value) });
}

function ofCloudEvent(headers: Headers, { workspace, event }: CloudEvent): PublishEventRequest {
  return create(PublishEventRequestSchema, { workspace: workspaceOf(headers, workspace), event });
}

function ofProtobuf(headers: Headers, value: Uint8Array): PublishEventRequest {
  const request = parse(value);
  request.workspace = workspaceOf(headers, request.workspace);
  return request;
}

function parse(value: Uint8Array): PublishEventRequest {
  try {
    return fromBinary(PublishEventRequestSchema, value);
  } catch {
    throw invalid("value", "is no protobuf PublishEventRequest");
  }
}

/** The header and what the value says must not contradict each other; one of them is enough. */
function workspaceOf(headers: Headers, said: string): string {
  const header = headers.get(workspaceHeader) ?? "";
  if (header === "" && said === "") {
    throw invalid("workspace", `is required, for example as the header ${workspaceHeader}`);
  }
  if (header === "" || said === "" || header === said) return header || said;
  throw invalid("workspace", `differs from the header ${workspaceHeader}`);
}
