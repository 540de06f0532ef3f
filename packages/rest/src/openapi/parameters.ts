import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldPathText, isWellKnown } from "../field-path.ts";
import { isPageSize } from "../page-size.ts";
import type { Param } from "../param.ts";
import { queryParam } from "../query.ts";
import type { Route } from "../route.ts";
import type { Describing } from "./describing.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import { isRequired } from "./rules.ts";

/** How far query parameters look into messages within messages. */
const depthMax = 3;

/** The parameters of a route's path; `names` are those that the document's path has. */
export function pathParameters(route: Route, names: readonly string[], describing: Describing) {
  return route.pathParams.map((param, index) => ({
    ...parameter(param, describing),
    name: names[index] ?? param.name,
    in: "path",
    required: true,
  }));
}

/** The parameters of a route's query: every field that neither path nor body binds. */
export function queryParameters(route: Route, describing: Describing): JsonSchema[] {
  return leafNames(route.method.input, []).flatMap((name) => {
    const param = queryParam(route, name);
    return param === undefined ? [] : [{ ...parameter(param, describing), name, in: "query" }];
  });
}

function leafNames(desc: DescMessage, above: readonly DescField[]): string[] {
  return desc.fields.flatMap((field) => {
    const path = [...above, field];
    const isInner = field.fieldKind === "message" && !isWellKnown(field.message);
    if (!isInner) return [fieldPathText(path)];
    return path.length < depthMax ? leafNames(field.message, path) : [];
  });
}

function parameter({ path, isRepeated }: Param, { book, examples }: Describing) {
  const field = path.at(-1) ?? path[0];
  const { description, ...schema } = book.field(field);
  const example = examples.field(field);
  return compact({
    description,
    required: isRequired(field) || undefined,
    schema: isPageSize(field) ? { ...schema, minimum: 1 } : schema,
    explode: isRepeated || undefined,
    example: example === undefined || !isRepeated ? example : [example],
  });
}
