import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { raw_json as rawJson } from "@posthorn/proto/posthorn/type/v1/options";

/** Tells whether a field's bytes are JSON text, which stands in a message's JSON as it is. */
export function isRawJson(field: DescField): boolean {
  return isBytes(field) && getOption(field, rawJson);
}

function isBytes(field: DescField): boolean {
  return field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES;
}

/** Gives the message that a field holds one or many of, unless it is one of Google's. */
export function innerMessage(field: DescField): DescMessage | undefined {
  const inner = "message" in field ? field.message : undefined;
  return inner?.typeName.startsWith("google.protobuf.") === true ? undefined : inner;
}
