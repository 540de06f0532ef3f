import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Tells whether a JSON value is an object: no array, no null. */
export function isJsonObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
