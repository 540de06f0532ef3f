import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import { scanJson } from "@posthorn/json";
import { itemExpectationOf } from "./expectation.ts";
import { type FieldPath, fieldPathText } from "./field-path.ts";
import { jsonLimits } from "./json-limits.ts";
import { isJsonObject } from "./json-object.ts";
import { isPageSize } from "./page-size.ts";
import { isRawJson } from "./raw-json.ts";

/** A field that texts of the URL are put into. */
export interface Param {
  readonly path: FieldPath;
  /** Its name in lowerCamelCase, for callers. */
  readonly name: string;
  readonly isRepeated: boolean;
  /** Turns one text into what ProtoJSON has there. Throws `invalid`. */
  readonly toJson: (text: string) => JsonValue;
}

/** Puts texts into a request's JSON, making the objects on the way. Throws `invalid`. */
export function putParam(json: JsonObject, param: Param, texts: readonly string[]): void {
  if (texts.length > 1 && !param.isRepeated) throw invalid(param.name, "is given twice");
  const values = texts.map(param.toJson);
  const last = param.path.at(-1) ?? param.path[0];
  const holder = param.path.slice(0, -1).reduce(objectUnder, json);
  holder[last.jsonName] = param.isRepeated ? values : (values[0] ?? null);
}

function objectUnder(json: JsonObject, field: DescField): JsonObject {
  const known = json[field.jsonName];
  if (isJsonObject(known)) return known;
  const made: JsonObject = {};
  json[field.jsonName] = made;
  return made;
}

/** Messages whose ProtoJSON is a text, so that they can stand in a URL. */
const textTypes = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
]);

/** Messages whose ProtoJSON may be anything or an object, which stands in a URL as JSON text. */
const jsonTypes = new Set([
  "google.protobuf.Any",
  "google.protobuf.Empty",
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

const wrapperTypes = /^google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/;

/** Gives the parameter of a field, or undefined when its type cannot stand in a URL. */
export function paramOf(path: FieldPath): Param | undefined {
  const field = path.at(-1) ?? path[0];
  const name = fieldPathText(path);
  const convert = converterOf(field);
  if (convert === undefined) return undefined;
  const toJson = (text: string): JsonValue => {
    const json = convert(text);
    if (json === undefined) throw invalid(name, itemExpectationOf(field));
    if (isPageSize(field) && Number(json) === 0) throw invalid(name, "must be at least 1");
    return json;
  };
  return { path, name, isRepeated: field.fieldKind === "list", toJson };
}

type Converter = (text: string) => JsonValue | undefined;

function converterOf(field: DescField): Converter | undefined {
  if (isRawJson(field)) return field.fieldKind === "map" ? undefined : rawFromText;
  switch (field.fieldKind) {
    case "scalar":
      return scalarConverter(field.scalar);
    case "enum":
      return enumConverter(field.enum);
    case "message":
      return messageConverter(field.message);
    case "map":
      return undefined;
    case "list":
      if (field.listKind === "message") return messageConverter(field.message);
      return field.listKind === "enum" ? enumConverter(field.enum) : scalarConverter(field.scalar);
  }
}

function messageConverter(desc: DescMessage): Converter | undefined {
  if (textTypes.has(desc.typeName)) return asText;
  if (jsonTypes.has(desc.typeName)) return jsonFromText;
  const value = desc.fields[0];
  if (!wrapperTypes.test(desc.typeName) || value?.fieldKind !== "scalar") return undefined;
  return scalarConverter(value.scalar);
}

function scalarConverter(scalar: ScalarType): Converter {
  if (scalar === ScalarType.BOOL) return booleanFromText;
  return scalar === ScalarType.STRING || scalar === ScalarType.BYTES ? asText : numberFromText;
}

const asText: Converter = (text) => text;

const booleanFromText: Converter = (text) =>
  text === "true" ? true : text === "false" ? false : undefined;

/** ProtoJSON takes numbers as texts, which keeps all digits of 64-bit ones. */
const numberFromText: Converter = (text) =>
  /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN)$/.test(text) ? text : undefined;

function enumConverter({ typeName }: DescEnum): Converter {
  return typeName === "google.protobuf.NullValue" ? nullFromText : enumFromText;
}

const enumFromText: Converter = (text) => (/^-?\d+$/.test(text) ? Number(text) : text);

const nullFromText: Converter = (text) => (text === "null" ? null : enumFromText(text));

const jsonFromText: Converter = (text) => {
  return scanJson(Buffer.from(text), jsonLimits) === undefined ? JSON.parse(text) : undefined;
};

/** In ProtoJSON the field is bytes. */
const rawFromText: Converter = (text) => {
  const bytes = Buffer.from(text);
  return scanJson(bytes, jsonLimits) === undefined ? bytes.toString("base64") : undefined;
};
