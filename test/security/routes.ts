import { expect } from "vitest";
import { freeType } from "./scene.ts";

/** An operation of the REST API, as its description lists it. */
export interface Route {
  /** In upper case. */
  readonly method: string;
  /** With its variables: `/v1/workspaces/{workspace}/webhooks/{webhook}` */
  readonly path: string;
  /** What its description says of the key that it needs. */
  readonly needs: string;
  readonly parameters: readonly Parameter[];
  /** The texts among the members of its body. */
  readonly bodyTexts: readonly string[];
  readonly hasBody: boolean;
}

/** A parameter of path or query. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly schema: Schema;
}

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly $ref?: string;
  readonly readOnly?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { content: Record<string, { schema?: Schema }> };
  readonly security?: readonly unknown[];
}

/** Reads the routes that need a key from a running Posthorn's own description. */
export async function readRoutes({ url }: { url: string }): Promise<Route[]> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const { schemas } = document.components;
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, { security }]) => security !== undefined && security.length > 0)
      .map(([method, operation]) => toRoute({ method, path, schemas }, operation)),
  );
  expect(routes.length).toBeGreaterThan(30);
  return routes;
}

/** Tells whether a route is Posthorn's own, and none of another system's API. */
export function isOwn({ path }: Route): boolean {
  return path.startsWith("/v1/");
}

function toRoute(
  {
    method,
    path,
    schemas,
  }: { method: string; path: string; schemas: Document["components"]["schemas"] },
  { description = "", parameters = [], requestBody }: Operation,
): Route {
  const body = requestBody?.content["application/json"]?.schema;
  const resolved = body?.$ref === undefined ? body : schemas[body.$ref.split("/").at(-1) ?? ""];
  return {
    method: method.toUpperCase(),
    path,
    needs: description.split("\n").at(-1) ?? "",
    parameters,
    bodyTexts: Object.entries(resolved?.properties ?? {})
      .filter(([, schema]) => isText(schema) && schema.readOnly !== true)
      .map(([name]) => name),
    hasBody: requestBody !== undefined,
  };
}

/** Tells whether any text will do, as far as the schema goes. */
export function isText({ type, format, enum: names }: Schema): boolean {
  return type === "string" && format === undefined && names === undefined;
}

/** Puts values into a path's variables; what is not given is a name that nothing has. */
export function fill(path: string, values: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "nothing");
}

/** Gives a body with which a route would do what it is for. */
export function goodBody({ path, method, hasBody }: Route): unknown {
  if (!hasBody) return undefined;
  const event = { type: freeType, data: {} };
  if (path.endsWith("/events:batch")) return { events: [event] };
  if (path.endsWith("/events") || path.endsWith("/events:dryRun")) return event;
  if (path.endsWith(":recover")) return { since: new Date().toISOString() };
  if (path.endsWith("/replays") && method === "POST") {
    return { webhook: "wh_none", filter: "ALL", after: new Date().toISOString() };
  }
  if (path.endsWith("/webhooks") && method === "POST") return { url: "https://example.com/hook" };
  if (path.endsWith("/connections") && method === "POST") return { integrationName: "shopify" };
  return {};
}
