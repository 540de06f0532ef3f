import type { DescMessage, DescService } from "@bufbuild/protobuf";
import type { Route } from "../route.ts";
import { restRoutes } from "../route-table.ts";
import { commentOf } from "./comments.ts";
import {
  type ErrorForm,
  errorResponses,
  statusDetailSchema,
  statusSchema,
} from "./error-response.ts";
import { type ExampleOf, examples, type IsLeftOut } from "./example.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import { operation, tagOf } from "./operation.ts";
import { schemaBook } from "./schema-book.ts";

/** What an OpenAPI document says beside what follows from the protos. */
export interface OpenapiInfo {
  readonly title: string;
  readonly version: string;
  /** CommonMark. */
  readonly description: string;
  /** Path items that no proto stands for, by path. */
  readonly paths?: Readonly<Record<string, JsonSchema>>;
  /** The example of a field's value, one item of a list; undefined for none. */
  readonly exampleOf?: ExampleOf;
  readonly isLeftOut?: IsLeftOut;
  /** How a service's errors look; undefined for google.rpc.Status. */
  errorFormOf?(service: DescService): ErrorForm | undefined;
}

/**
 * Gives the OpenAPI 3.1 document of all HTTP rules of the services. Comments become descriptions
 * where the descriptors have source information; protovalidate rules become keywords, or words
 * where there are none; access options become security. Every refusal and every message has an
 * example. Throws on malformed and clashing rules, and on a further path that a rule has. The same input gives the same text.
 */
export function openapi(services: readonly DescService[], info: OpenapiInfo): JsonSchema {
  const routes = restRoutes(services).routes.filter(isDescribable);
  const { exampleOf = none, isLeftOut = () => false, errorFormOf = none } = info;
  const made = examples(exampleOf, isLeftOut);
  const book = schemaBook([...reachable(routes)], made);
  const forms = [...new Set(services.map((service) => errorFormOf(service)))];
  const operationIds = new Map(routes.map((route, index) => [route, idOf(route, routes, index)]));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, { names, routes: group }] of groupByShape(routes)) {
    const operations = group.map((route) => {
      const operationId = operationIds.get(route) ?? route.method.localName;
      const errorForm = errorFormOf(route.method.parent);
      const about = { route, operationId, pathNames: names, errorForm };
      const item = operation(about, { book, examples: made });
      return [route.httpMethod.toLowerCase(), item];
    });
    paths[path] = Object.fromEntries(operations);
  }
  for (const path of Object.keys(info.paths ?? {})) {
    if (Object.hasOwn(paths, path)) throw new Error(`${path} is given beside a rule for it`);
  }
  const { title, version, description } = info;
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    servers: [{ url: "/" }],
    tags: tagsOf(routes),
    paths: { ...paths, ...info.paths },
    components: {
      schemas: { ...book.components(), ...errorSchemas(forms) },
      responses: Object.assign({}, ...forms.map(errorResponses)),
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
  };
}

function errorSchemas(forms: readonly (ErrorForm | undefined)[]): Record<string, JsonSchema> {
  const own = forms.flatMap((form) => (form === undefined ? [] : [[form.name, form.schema]]));
  return {
    Status: statusSchema,
    StatusDetail: statusDetailSchema,
    ...Object.fromEntries(own),
  };
}

const none = () => undefined;

/** OpenAPI has these methods only; a rule for any other, or for all, stands in no document. */
const methods = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]);

function isDescribable({ httpMethod }: Route): boolean {
  return methods.has(httpMethod);
}

/** A method's further routes are counted, so that each has a name of its own. */
function idOf(route: Route, routes: readonly Route[], index: number): string {
  const before = routes.slice(0, index).filter(({ method }) => method === route.method).length;
  return before === 0 ? route.method.localName : `${route.method.localName}${before + 1}`;
}

function tagsOf(routes: readonly Route[]): JsonSchema[] {
  const tags = new Map(routes.map((route) => [tagOf(route), commentOf(route.method.parent)]));
  return [...tags].map(([name, description]) => compact({ name, description }));
}

interface PathGroup {
  /** The names of the variables: the shortest that any route of the group has. */
  names: readonly string[];
  readonly routes: Route[];
}

/** In OpenAPI, paths that differ only in the names of their variables are one. */
function groupByShape(routes: readonly Route[]): Map<string, PathGroup> {
  const groups = new Map<string, PathGroup>();
  for (const route of routes) {
    const shape = pathText(route, []);
    const group = groups.get(shape) ?? { names: namesOf(route), routes: [] };
    if (namesOf(route).join().length < group.names.join().length) group.names = namesOf(route);
    group.routes.push(route);
    groups.set(shape, group);
  }
  return new Map(
    [...groups.values()].map((group) => {
      const [first] = group.routes;
      return [first === undefined ? "" : pathText(first, group.names), group];
    }),
  );
}

function namesOf(route: Route): string[] {
  return route.pathParams.map((param) => param.name);
}

/** Writes a template with other names for its variables; a variable of many segments is one. */
function pathText({ template }: Route, names: readonly string[]): string {
  const parts = template.segments.flatMap((segment, index) => {
    const at = template.variables.findIndex(({ start, end }) => index >= start && index < end);
    const variable = template.variables[at];
    if (variable !== undefined) return index === variable.start ? [`{${names[at] ?? ""}}`] : [];
    return segment.kind === "literal" ? [encoded(segment.text)] : ["*"];
  });
  return `/${parts.join("/")}${template.verb === "" ? "" : `:${encoded(template.verb)}`}`;
}

/** Encodes what may not stand in a segment of a path (RFC 3986, 3.3), or would be taken for more. */
function encoded(literal: string): string {
  return literal.replace(/[^A-Za-z0-9._~!$&'()*+,;=@-]+/gu, encodeURIComponent);
}

/** Every message that a request or an answer can hold. */
function reachable(routes: readonly Route[]): Set<DescMessage> {
  const found = new Set<DescMessage>();
  const visit = (desc: DescMessage) => {
    if (found.has(desc)) return;
    found.add(desc);
    for (const field of desc.fields) {
      if ("message" in field && field.message !== undefined) visit(field.message);
    }
  };
  for (const { method } of routes) {
    visit(method.input);
    visit(method.output);
  }
  return found;
}
