import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { isRawJson } from "./raw-json.ts";

/** Says what a field's JSON has to be, such as `must be a list`; never what it was. */
export function expectationOf(field: DescField): string {
  if (field.fieldKind === "list") return "must be a list";
  return field.fieldKind === "map" ? "must be an object" : itemExpectationOf(field);
}

/** Says what one item of a field has to be; the same as `expectationOf` for a single field. */
export function itemExpectationOf(field: DescField): string {
  if (isRawJson(field)) return "must be JSON";
  if ("message" in field && field.message !== undefined) return messageExpectation(field.message);
  if ("enum" in field && field.enum !== undefined) return enumExpectation(field.enum);
  return scalarExpectation("scalar" in field ? field.scalar : undefined);
}

/** Says what a message's JSON has to be. */
export function messageExpectation(desc: DescMessage): string {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return "must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z";
    case "google.protobuf.Duration":
      return 'must be a duration in seconds, such as "1.5s"';
    case "google.protobuf.FieldMask":
      return "must be a text of field names in lowerCamelCase, separated by commas";
    case "google.protobuf.ListValue":
      return "must be a list";
    case "google.protobuf.Value":
      return "must be JSON";
    case "google.protobuf.Any":
      return "must be an object with the @type of a message that is known here";
    default:
      return wrapperExpectation(desc) ?? "must be an object";
  }
}

function wrapperExpectation(desc: DescMessage): string | undefined {
  return isWrapperDesc(desc) ? scalarExpectation(desc.fields[0].scalar) : undefined;
}

function enumExpectation(desc: DescEnum): string {
  if (desc.typeName === "google.protobuf.NullValue") return "must be null";
  const names = desc.values.filter((value) => value.number !== 0).map((value) => value.name);
  return `must be one of ${names.join(", ")}`;
}

function scalarExpectation(scalar: ScalarType | undefined): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "must be a text";
    case ScalarType.BYTES:
      return "must be a text in base64";
    case ScalarType.BOOL:
      return "must be true or false";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "must be a number";
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return "must be a whole number from 0 to 4294967295";
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return "must be a whole number of at most 64 bits, from 0 on";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return "must be a whole number of at most 64 bits";
    default:
      return "must be a whole number of at most 32 bits";
  }
}
