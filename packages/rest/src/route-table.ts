import { create, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import { HttpSchema } from "@posthorn/proto/google/api/http";
import { rulesOf } from "./http-rule.ts";
import { type Route, routesOf } from "./route.ts";
import { decodedSegment } from "./template.ts";

/** A route that a request's path leads to. */
export interface RouteMatch {
  readonly route: Route;
  /** The values of the template's variables, in its order; not yet percent-decoded. */
  readonly values: readonly string[];
}

/** What the table knows of a path: a match, or the methods that it has routes for. */
export type RouteAnswer = RouteMatch | { readonly allowed: readonly string[] };

/** All routes of some services, to be found by method and path. */
export interface RouteTable {
  readonly routes: readonly Route[];
  /**
   * Finds the route of a request; `path` begins with `/` and is as it came, percent-encoded. The
   * most literal template wins. HEAD is answered by GET's route. With no route for this method,
   * gives the methods that would be allowed; none when the path is unknown.
   */
  find(httpMethod: string, path: string): RouteAnswer;
}

interface Node {
  readonly literals: Map<string, Node>;
  /** Behind a `*`. */
  one: Node | undefined;
  /** Behind a `**`. */
  rest: Node | undefined;
  /** The routes that end here, by verb and then by HTTP method. */
  readonly ends: Map<string, Map<string, Route>>;
}

/**
 * Makes the table of all HTTP rules of the services. Throws on a malformed rule, and on two rules
 * with one HTTP method whose templates match the same paths. The rules of `config` take the place
 * of the methods' own, as in a gRPC service configuration.
 */
export function restRoutes(
  services: readonly DescService[],
  config: MessageInitShape<typeof HttpSchema> = {},
): RouteTable {
  const { rules, fullyDecodeReservedExpansion } = create(HttpSchema, config);
  const routeRules = { ruleOf: rulesOf(services, rules), fullyDecodeReservedExpansion };
  const methods = services.flatMap((service) => service.methods);
  const routes = methods.flatMap((method) => routesOf(method, routeRules));
  const root = newNode();
  for (const route of routes) add(root, route);
  return {
    routes,
    find(httpMethod, path) {
      const search: Search = { httpMethod, allowed: new Set() };
      const segments = path.slice(1).split("/");
      const found = findWithVerb(root, segments, search) ?? findPlain(root, segments, search);
      return found ?? { allowed: [...search.allowed].sort() };
    },
  };
}

function newNode(): Node {
  return { literals: new Map(), one: undefined, rest: undefined, ends: new Map() };
}

function add(root: Node, route: Route): void {
  let node = root;
  for (const segment of route.template.segments) {
    switch (segment.kind) {
      case "literal":
        node = getOrAdd(node.literals, segment.text, newNode);
        break;
      case "one":
        node = node.one ??= newNode();
        break;
      case "rest":
        node = node.rest ??= newNode();
        break;
    }
  }
  const end = getOrAdd(node.ends, route.template.verb, () => new Map<string, Route>());
  const other = end.get(route.httpMethod);
  if (other !== undefined) {
    const where = `${route.httpMethod} ${route.template.source}`;
    throw new Error(`${route.method} and ${other.method} both answer ${where}`);
  }
  end.set(route.httpMethod, route);
}

function getOrAdd<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

interface Search {
  readonly httpMethod: string;
  /** The methods of templates that match the path, seen so far. */
  readonly allowed: Set<string>;
}

/** Takes what follows the last colon as the verb. */
function findWithVerb(
  root: Node,
  segments: readonly string[],
  search: Search,
): RouteMatch | undefined {
  const last = segments.at(-1) ?? "";
  const colon = last.lastIndexOf(":");
  if (colon < 0) return undefined;
  const bare = [...segments.slice(0, -1), last.slice(0, colon)];
  const verb = decodedSegment(last.slice(colon + 1)) ?? "";
  // What ends in a colon has no verb.
  const route = verb === "" ? undefined : findEnd(root, bare, verb, search);
  return route && { route, values: valuesOf(route, bare) };
}

/** Takes a colon as part of a variable, unless a template has it as a verb. */
function findPlain(
  root: Node,
  segments: readonly string[],
  search: Search,
): RouteMatch | undefined {
  if (search.allowed.size > 0) return undefined;
  const route = findEnd(root, segments, "", search);
  return route && { route, values: valuesOf(route, segments) };
}

function findEnd(
  node: Node,
  segments: readonly string[],
  verb: string,
  search: Search,
  index = 0,
): Route | undefined {
  const segment = segments[index];
  if (segment === undefined) return endAt(node, verb, search) ?? endAt(node.rest, verb, search);
  const literal = node.literals.get(decodedSegment(segment) ?? "");
  const steps = [literal, segment === "" ? undefined : node.one];
  for (const step of steps) {
    const route = step && findEnd(step, segments, verb, search, index + 1);
    if (route !== undefined) return route;
  }
  return endAt(node.rest, verb, search);
}

function endAt(node: Node | undefined, verb: string, search: Search): Route | undefined {
  const end = node?.ends.get(verb);
  if (end === undefined) return undefined;
  const { httpMethod } = search;
  const route = end.get(httpMethod) ?? (httpMethod === "HEAD" ? end.get("GET") : undefined);
  for (const allowed of end.keys()) search.allowed.add(allowed);
  if (end.has("GET")) search.allowed.add("HEAD");
  return route ?? end.get("*");
}

function valuesOf({ template }: Route, segments: readonly string[]): string[] {
  return template.variables.map(({ start, end }) => {
    const endsInRest = template.segments[end - 1]?.kind === "rest";
    return segments.slice(start, endsInRest ? undefined : end).join("/");
  });
}
