import { getOption } from "@bufbuild/protobuf";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { access, Level } from "@posthorn/proto/posthorn/type/v1/options";
import type { Route } from "../route.ts";
import { commentOf } from "./comments.ts";
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
}

/** Gives the OpenAPI operation of a route. */
export function operation(input: OperationInput, book: SchemaBook): JsonSchema {
  const { route, operationId, pathNames } = input;
  const { method } = route;
  const comment = commentOf(method);
  const parameters = [...pathParameters(route, pathNames, book), ...queryParameters(route, book)];
  return compact({
    tags: [tagOf(route)],
    operationId,
    summary: /^.*?[.](?=\s|$)/s.exec(comment)?.[0].replace(/\.$/, ""),
    description: [comment, accessNote(route)].filter((text) => text !== "").join("\n\n"),
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: requestBody(route, book),
    responses: { [route.httpStatus]: success(route, book), default: errorRef },
    security: route.needsKey ? [{ key: [] }] : [],
  });
}

/** The heading under which a route stands: its service without the word. */
export function tagOf({ method }: Route): string {
  return method.parent.name.replace(/Service$/, "");
}

const errorRef = { $ref: "#/components/responses/Error" };

function accessNote({ method }: Route): string {
  const { level, scope } = getOption(method, access);
  if (level === Level.ADMIN) return "Needs an admin key.";
  if (level === Level.OPERATOR) return "Needs an operator key.";
  if (level !== Level.WORKSPACE) return "";
  if (scope === "") return "Needs an operator key or a workspace key.";
  return `Needs an operator key, or a workspace key with scope \`${scope}\`.`;
}

function requestBody(route: Route, book: SchemaBook): JsonSchema | undefined {
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
        ...json(schema),
      });
    }
    case "all": {
      const bound = new Set(pathParams.map((param) => param.path[0]));
      const fields = method.input.fields.filter((field) => !bound.has(field));
      return compact({
        description: commentOf(method.input),
        required: fields.some(isRequired) || undefined,
        ...json(book.object(fields)),
      });
    }
  }
}

function success(route: Route, book: SchemaBook): JsonSchema {
  const { method, responseField } = route;
  if (route.httpStatus === 204) return { description: "Done. There is no body." };
  const description = commentOf(method.output) || "Done.";
  if (method.output.typeName === HttpBodySchema.typeName) {
    return { description, content: { "*/*": {} } };
  }
  const schema =
    responseField === undefined ? book.message(method.output) : book.field(responseField);
  if (method.methodKind === "unary") return { description, ...json(schema) };
  const content = { "application/x-ndjson": { schema }, "text/event-stream": { schema } };
  return { description: `${description} One message after the other.`, content };
}

function json(schema: JsonSchema) {
  return { content: { "application/json": { schema } } };
}
