import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromBinary,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type Any, isWrapperDesc, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { isWellKnown } from "./field-path.ts";
import { isRawJson } from "./raw-json.ts";
import { timestampText } from "./timestamp-text.ts";

/** Writes a value of one type as JSON text. */
export type JsonWriter = (value: unknown) => string;

type Fields = Readonly<Record<string, unknown>>;
/** The writers that were begun, and the messages that an Any may hold. */
interface Known {
  readonly writers: Map<string, JsonWriter>;
  readonly registry: Registry | undefined;
}

/**
 * Gives the writer of a message type: ProtoJSON, but a raw_json field's text stands in it as it
 * is. Numbers, booleans and NullValues are always there, empty texts, lists, maps and enums are
 * left out; a page (a message with a `next_page_token`) has its list and token even when they are
 * empty, and a message with a NullValue its list. An Any throws unless the registry has what it
 * holds.
 */
export function messageWriter(desc: DescMessage, registry?: Registry): JsonWriter {
  return messageWriterOf(desc, { writers: new Map(), registry });
}

/** Gives the writer of one field's value, as `messageWriter` would write it. */
export function fieldWriter(field: DescField, registry?: Registry): JsonWriter {
  return valueWriter(field, { writers: new Map(), registry });
}

function messageWriterOf(desc: DescMessage, known: Known): JsonWriter {
  const begun = known.writers.get(desc.typeName);
  if (begun !== undefined) return begun;
  const members: ((message: Fields) => string)[] = [];
  const write: JsonWriter = (message) => {
    let text = "";
    for (const member of members) {
      const written = member(message as Fields);
      if (written !== "") text += text === "" ? written : `,${written}`;
    }
    return `{${text}}`;
  };
  const writer = wellKnownWriter(desc, known) ?? write;
  known.writers.set(desc.typeName, writer);
  const isFrame = desc.fields.some(framesAnswer);
  if (writer === write) {
    members.push(...desc.fields.map((field) => memberWriter(field, isFrame, known)));
  }
  return writer;
}

/** Whether a message with such a field is what stands around a list, even around an empty one. */
function framesAnswer(field: DescField): boolean {
  return field.name === "next_page_token" || (field.fieldKind === "enum" && isNull(field.enum));
}

function memberWriter(field: DescField, isFrame: boolean, known: Known) {
  const start = `${JSON.stringify(field.jsonName)}:`;
  const write = valueWriter(field, known);
  const isLeftOut = leftOut(field, isFrame);
  const { localName, oneof } = field;
  return (message: Fields): string => {
    const group = oneof && (message[oneof.localName] as Fields);
    if (group !== undefined && group["case"] !== localName) return "";
    const value = group === undefined ? message[localName] : group["value"];
    return value === undefined || isLeftOut(value) ? "" : start + write(value);
  };
}

/** Which values of a field need no place in an answer. */
function leftOut(field: DescField, isFrame: boolean): (value: unknown) => boolean {
  switch (field.fieldKind) {
    case "list":
      return isFrame ? never : (value) => (value as unknown[]).length === 0;
    case "map":
      return (value) => Object.keys(value as Fields).length === 0;
    case "enum":
      return hasPresence(field) || isNull(field.enum) ? never : (value) => value === 0;
    case "scalar":
      return leftOutScalar(field, isFrame);
    case "message":
      return never;
  }
}

function leftOutScalar(field: DescField, isFrame: boolean): (value: unknown) => boolean {
  // An empty text is no JSON, so a raw value that is empty can only be absent.
  if (isRawJson(field)) return (value) => (value as Uint8Array).length === 0;
  if (hasPresence(field) || (isFrame && field.name === "next_page_token")) return never;
  if (field.scalar === ScalarType.STRING) return (value) => value === "";
  if (field.scalar === ScalarType.BYTES) return (value) => (value as Uint8Array).length === 0;
  return never;
}

/** Whether unset and zero are two things, so that a zero says something. */
function hasPresence(field: DescField): boolean {
  return field.oneof !== undefined || field.proto.proto3Optional;
}

/** The one value of the type is null, and a field of it is there to say so. */
function isNull({ typeName }: DescEnum): boolean {
  return typeName === "google.protobuf.NullValue";
}

const never = () => false;

function valueWriter(field: DescField, known: Known): JsonWriter {
  switch (field.fieldKind) {
    case "list": {
      const write = singleWriter(field, known);
      return (items) => `[${(items as unknown[]).map(write).join(",")}]`;
    }
    case "map": {
      const write = singleWriter(field, known);
      return (map) => {
        const members = Object.entries(map as Fields);
        return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`;
      };
    }
    case "enum":
    case "message":
    case "scalar":
      return singleWriter(field, known);
  }
}

/** The writer of a field's value, or of one item of it. */
function singleWriter(field: DescField, known: Known): JsonWriter {
  if (isRawJson(field)) return (bytes) => asBuffer(bytes as Uint8Array).toString("utf8");
  if ("message" in field && field.message !== undefined) {
    return messageWriterOf(field.message, known);
  }
  if ("enum" in field && field.enum !== undefined) return enumWriter(field.enum);
  return scalarWriter("scalar" in field ? field.scalar : undefined);
}

function enumWriter(desc: DescEnum): JsonWriter {
  if (isNull(desc)) return () => "null";
  return (value) => {
    const name = desc.value[value as number]?.name;
    return name === undefined ? String(value) : `"${name}"`;
  };
}

function scalarWriter(scalar: ScalarType | undefined): JsonWriter {
  switch (scalar) {
    case ScalarType.BYTES:
      return (bytes) => `"${asBuffer(bytes as Uint8Array).toString("base64")}"`;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (value) => `"${value}"`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => (Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`);
    default:
      return (value) => JSON.stringify(value);
  }
}

/** Well-known types have a JSON form of their own, which protobuf-es knows how to write. */
function wellKnownWriter(desc: DescMessage, known: Known): JsonWriter | undefined {
  if (!isWellKnown(desc)) return undefined;
  if (desc.typeName === "google.protobuf.Empty") return () => "{}";
  if (desc.typeName === TimestampSchema.typeName) {
    return (time) => `"${timestampText(time as Timestamp)}"`;
  }
  if (desc.typeName === "google.protobuf.Any") return (any) => anyText(any as Any, known);
  // In a message, a wrapper's value and a Struct stand without the message around them.
  const bare = isWrapperDesc(desc)
    ? scalarWriter(desc.fields[0].scalar)
    : (value: unknown) => JSON.stringify(value);
  return (value) => {
    if (typeof value !== "object" || value === null || !("$typeName" in value)) return bare(value);
    return JSON.stringify(toJson(desc, value as Parameters<typeof toJson>[1]));
  };
}

/** A message with a form of its own stands as `value` beside the type. */
function anyText(any: Any, known: Known): string {
  const name = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  const desc = known.registry?.getMessage(name);
  if (desc === undefined) throw new Error(`an Any holds ${name}, which no import of its file has`);
  const text = messageWriterOf(desc, known)(fromBinary(desc, any.value));
  const type = `"@type":${JSON.stringify(any.typeUrl)}`;
  if (isWellKnown(desc)) return `{${type},"value":${text}}`;
  return text === "{}" ? `{${type}}` : `{${type},${text.slice(1)}`;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
