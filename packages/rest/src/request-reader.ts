import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { AppError, type FieldProblem, invalid } from "@posthorn/errors";
import { type JsonProblem, noteSound, scanAndCut } from "@posthorn/json";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { boundInBody, type PathCheck } from "./bound-in-body.ts";
import { fieldProblems } from "./field-problems.ts";
import { setFieldValue } from "./field-value.ts";
import { jsonLimits } from "./json-limits.ts";
import { isJsonObject } from "./json-object.ts";
import { messagesKnownTo } from "./known-messages.ts";
import { putParam } from "./param.ts";
import { putQuery } from "./query.ts";
import { cutRawValues, rawFieldPlan, rawPlan } from "./raw-json.ts";
import { type RawRestorer, rawRestorer } from "./raw-restore.ts";
import type { Route } from "./route.ts";
import { decodedSegment } from "./template.ts";
import { updateMaskFrom } from "./update-mask.ts";

/** What of an HTTP request a route turns into a message. */
export interface RequestParts {
  /** The values of the path's variables, percent-encoded. */
  readonly values: readonly string[];
  /** Without its `?`. */
  readonly query: string;
  readonly contentType: string;
  /** Empty for none. */
  readonly body: Uint8Array;
}

/** Turns a request into the method's input. Throws `invalid`, naming the fields. */
export type RequestReader = (parts: RequestParts) => MessageShape<DescMessage>;

const noValues: readonly Uint8Array[] = [];

/** Compiles the reader of a route's requests. */
export function requestReader(route: Route): RequestReader {
  const { input, parent } = route.method;
  const registry = messagesKnownTo(parent.file);
  const readBody = bodyReader(route);
  const restore = rawRestorer(input);
  return (parts) => {
    const { json, values } = parts.body.length === 0 ? emptyBody() : readBody(parts.body);
    putPath(json, route, parts.values);
    if (parts.query !== "") putQuery(json, route, parts.query);
    const message = parse(input, json, registry);
    restoreAll(restore, message, values);
    if (route.body.kind === "bytes" && parts.body.length > 0) {
      putBytes(message, route.body.field, parts);
    }
    return message;
  };
}

function putBytes(
  message: MessageShape<DescMessage>,
  field: DescField | undefined,
  { contentType, body }: RequestParts,
): void {
  const bytes = { contentType, data: body };
  if (field === undefined) Object.assign(message, bytes);
  else setFieldValue(message, field, create(HttpBodySchema, bytes));
}

function restoreAll(
  restore: RawRestorer | undefined,
  message: object,
  values: readonly Uint8Array[],
): void {
  if (restore !== undefined && values.length > 0) restore(message, values);
}

/** The JSON that a request begins as, and the raw values that were cut out of it. */
interface ReadBody {
  readonly json: JsonObject;
  readonly values: readonly Uint8Array[];
}

type BodyReader = (body: Uint8Array) => ReadBody;

const emptyBody = (): ReadBody => ({ json: {}, values: noValues });

function bodyReader(route: Route): BodyReader {
  switch (route.body.kind) {
    case "none":
      return () => {
        throw new AppError("invalid", "this method takes no body");
      };
    case "bytes":
      return emptyBody;
    case "all":
      return jsonBodyReader(route, undefined);
    case "field":
      return jsonBodyReader(route, route.body.field);
  }
}

function jsonBodyReader(route: Route, field: DescField | undefined): BodyReader {
  const plan = field === undefined ? rawPlan(route.method.input) : rawFieldPlan(field);
  const check = boundInBody(route);
  const putMask = updateMaskFrom(route);
  return (bytes) => {
    const { problem, spans, depth } = scanAndCut(bytes, jsonLimits, plan);
    if (problem !== undefined) throw refusalOf(problem, field?.jsonName ?? "");
    const cut = plan === undefined ? undefined : cutRawValues(bytes, spans);
    // Whoever takes a value checks it, and mostly is as content with it as we are.
    const within = { depthMax: depth, keysMax: jsonLimits.keysMax };
    for (const value of cut?.values ?? noValues) noteSound(value, within);
    const body = JSON.parse(cut?.text ?? asText(bytes)) as JsonValue;
    checkBound(check, body);
    const json = field === undefined ? body : { [field.jsonName]: body };
    if (!isJsonObject(json)) throw invalid("body", "must be an object");
    putMask(json, body);
    return { json, values: cut?.values ?? noValues };
  };
}

/** `at` is the field that the body is; empty for the whole message. */
function refusalOf({ path, message, reason }: JsonProblem, at: string): AppError {
  const separator = at === "" || path === "" || path.startsWith("[") ? "" : ".";
  return invalid(`${at}${separator}${path}` || "body", message, reason);
}

function checkBound(check: PathCheck, body: JsonValue): void {
  const fields = check(body);
  if (fields.length === 0) return;
  const problems: FieldProblem[] = fields.map((field) => {
    return { field, description: "is given by the path and may not stand in the body" };
  });
  const names = fields.join(", ");
  throw new AppError("invalid", `given by the path: ${names}`, { fields: problems });
}

function putPath(json: JsonObject, route: Route, values: readonly string[]) {
  for (const [index, param] of route.pathParams.entries()) {
    const value = values[index] ?? "";
    const text = decodesSlashes(route, index, value) ? decodedSegment(value) : decodedPath(value);
    if (text === undefined) throw invalid(param.name, "has a malformed percent-encoding");
    putParam(json, param, [text]);
  }
}

/**
 * In a variable of several segments `%2F` stays what it is, or else nobody could tell it from the
 * `/` between them. `fully_decode_reserved_expansion` has it decoded where there are several.
 */
function decodesSlashes(route: Route, index: number, value: string): boolean {
  if (route.template.variables[index]?.isSingle === true) return true;
  return route.decodesSlashes && value.includes("/");
}

function decodedPath(source: string): string | undefined {
  const parts = source.split(/(%2f)/i);
  const decoded = parts.map((part, index) => (index % 2 ? part : decodedSegment(part)));
  return decoded.includes(undefined) ? undefined : decoded.join("");
}

function parse(
  input: DescMessage,
  json: JsonObject,
  registry: Registry,
): MessageShape<DescMessage> {
  try {
    return fromJson(input, json, { registry });
  } catch (cause) {
    const fields = fieldProblems(input, json, { at: "", registry });
    const message = fields.map(({ field, description }) => `${field}: ${description}`).join("; ");
    throw new AppError("invalid", message || "the request does not fit the method", {
      fields,
      cause,
    });
  }
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
