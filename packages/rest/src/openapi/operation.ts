import { type DescField, getOption } from "@bufbuild/protobuf";
import { access, Level } from "@posthorn/proto/posthorn/type/v1/options";
import { bytesReaderOf } from "../answer.ts";
import { isJsonObject } from "../json-object.ts";
import { type Route, streamsAnswers, streamsRequests } from "../route.ts";
import { commentOf } from "./comments.ts";
import type { Describing } from "./describing.ts";
import { type ErrorForm, errorRefs } from "./error-response.ts";
import type { Examples } from "./example.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import { pathParameters, queryParameters } from "./parameters.ts";
import { isRequired } from "./rules.ts";
import type { SchemaBook } from "./schema-book.ts";

/** A route, and what of it depends on the whole document. */
export interface OperationInput {
  readonly route: Route;
  /** Unique in the document. */
  readonly operationId: string;
  /** The names of the path's variables, as the document's path has them. */
  readonly pathNames: readonly string[];
  /** How errors look; undefined for google.rpc.Status. */
  readonly errorForm: ErrorForm | undefined;
}

/** Gives the OpenAPI operation of a route. */
export function operation(input: OperationInput, describing: Describing): JsonSchema {
  const { route, operationId, pathNames, errorForm } = input;
  const { method } = route;
  const comment = commentOf(method);
  const parameters = [
    ...pathParameters(route, pathNames, describing),
    ...queryParameters(route, describing),
  ];
  return compact({
    tags: [tagOf(route)],
    operationId,
    summary: /^.*?[.](?=\s|$)/s.exec(comment)?.[0].replace(/\.$/, ""),
    description: [comment, accessNote(route)].filter((text) => text !== "").join("\n\n"),
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: requestBody(route, describing),
    responses: {
      [route.httpStatus]: success(route, describing.book),
      ...errorRefs(route, errorForm),
    },
    security: route.needsKey ? [{ key: [] }] : [],
  });
}

/** The heading under which a route stands: its service without the word. */
export function tagOf({ method }: Route): string {
  return method.parent.name.replace(/Service$/, "");
}

function accessNote({ method }: Route): string {
  const { level, scope } = getOption(method, access);
  if (level === Level.ADMIN) return "Needs an admin key.";
  if (level === Level.OPERATOR) return "Needs an operator key.";
  if (level !== Level.WORKSPACE) return "";
  if (scope === "") return "Needs an operator key or a workspace key.";
  return `Needs an operator key, or a workspace key with scope \`${scope}\`.`;
}

function requestBody(route: Route, { book, examples }: Describing): JsonSchema | undefined {
  const { body, method, pathParams } = route;
  switch (body.kind) {
    case "none":
      return undefined;
    case "bytes":
      return compact({
        description: commentOf(body.field ?? method.input),
        required: true,
        content: { "*/*": {} },
      });
    case "field": {
      const { description, ...schema } = book.field(body.field);
      return compact({
        description,
        required: isRequired(body.field) || undefined,
        ...content(route, schema, fieldExample(route, body.field, examples)),
      });
    }
    case "all": {
      const bound = new Set(pathParams.map((param) => param.path[0]));
      const fields = method.input.fields.filter((field) => !bound.has(field));
      return compact({
        description: commentOf(method.input),
        required: fields.some(isRequired) || undefined,
        ...content(route, book.object(fields), examples.request(fields)),
      });
    }
  }
}

function success(route: Route, book: SchemaBook): JsonSchema {
  const { method, responseField } = route;
  if (route.httpStatus === 204) return { description: "Done. There is no body." };
  const description = commentOf(method.output) || "Done.";
  if (bytesReaderOf(route) !== undefined) {
    return { description, content: { "*/*": {} } };
  }
  const schema =
    responseField === undefined ? book.message(method.output) : book.field(responseField);
  if (!streamsAnswers(method)) return { description, ...json(schema) };
  const content = { "application/x-ndjson": { schema }, "text/event-stream": { schema } };
  return { description: `${description} One message after the other.`, content };
}

/** The example of a body that is one field, without what the path binds of it. */
function fieldExample({ pathParams }: Route, field: DescField, examples: Examples): unknown {
  const example = examples.request([field])[field.jsonName];
  if (!isJsonObject(example)) return example;
  const bound = pathParams.filter(({ path }) => path[0] === field).map(({ path }) => path[1]);
  const entries = Object.entries(example);
  return Object.fromEntries(entries.filter(([key]) => !bound.some((it) => it?.jsonName === key)));
}

function json(schema: JsonSchema) {
  return { content: { "application/json": { schema } } };
}

/** The content of a request, or of a line of its stream. */
function content({ method }: Route, schema: JsonSchema, example: unknown): JsonSchema {
  const type = streamsRequests(method) ? "application/x-ndjson" : "application/json";
  const isEmpty =
    typeof example === "object" && example !== null && Object.keys(example).length === 0;
  return { content: { [type]: compact({ schema, example: isEmpty ? undefined : example }) } };
}
