import type { DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { findField } from "./field-path.ts";
import { isJsonObject } from "./json-object.ts";
import type { Route } from "./route.ts";

/** Puts the field mask that follows from a body into the request's JSON. */
export type MaskWriter = (json: JsonObject, body: JsonValue) => void;

/**
 * Compiles the writer of a PATCH route's `update_mask`: the body's own keys, as AIP-134 has it for
 * a mask that is absent. An etag is no part of it (AIP-154). A mask in the query takes its place.
 */
export function updateMaskFrom({ httpMethod, method, body }: Route): MaskWriter {
  const mask = method.input.fields.find((field) => field.name === "update_mask");
  const isMask = mask?.fieldKind === "message" && mask.message.typeName === maskTypeName;
  if (httpMethod !== "PATCH" || body.kind !== "field" || !isMask) return () => {};
  const desc = body.field.fieldKind === "message" ? body.field.message : undefined;
  return (json, value) => {
    if (desc !== undefined && isJsonObject(value)) json[mask.jsonName] = maskText(desc, value);
  };
}

const maskTypeName = "google.protobuf.FieldMask";

/** A key that is no field is left to be refused as unknown. */
function maskText(desc: DescMessage, body: JsonObject): string {
  const fields = Object.keys(body).map((key) => findField(desc, key));
  const names = fields.map((field) => field?.jsonName ?? "");
  return names.filter((name) => name !== "" && name !== "etag").join(",");
}
