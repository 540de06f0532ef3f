import type { JsonObject } from "@bufbuild/protobuf";
import { AppError, type FieldProblem, invalid } from "@posthorn/errors";
import { findFieldPath } from "./field-path.ts";
import { type Param, paramOf, putParam } from "./param.ts";
import type { Route } from "./route.ts";

/**
 * Puts the parameters of a query string (without its `?`) into a request's JSON: the fields that
 * neither path nor body bind, by their path in lowerCamelCase or proto names. Throws `invalid`,
 * naming every parameter that is none.
 */
export function putQuery(json: JsonObject, route: Route, query: string): void {
  const problems: FieldProblem[] = [];
  const seen = new Set<string>();
  for (const [name, texts] of readQuery(query)) {
    const param = queryParam(route, name);
    if (param === undefined) {
      problems.push({ field: shown(name), description: "unknown query parameter" });
    } else if (seen.has(param.name)) throw invalid(param.name, "is given twice, under two names");
    else {
      seen.add(param.name);
      putParam(json, param, texts);
    }
  }
  if (problems.length === 0) return;
  const names = problems.map((problem) => problem.field).join(", ");
  throw new AppError("invalid", `unknown query parameters: ${names}`, { fields: problems });
}

/** Finds the field of a parameter; a step of its name is a field's JSON name or proto name. */
export function queryParam(route: Route, name: string): Param | undefined {
  const { body } = route;
  if (body.kind === "all") return undefined;
  const path = findFieldPath(route.method.input, name.split("."));
  if (path === undefined) return undefined;
  if (body.kind !== "none" && path[0] === body.field) return undefined;
  const param = paramOf(path);
  const isBound = route.pathParams.some((bound) => bound.name === param?.name);
  return isBound ? undefined : param;
}

/** Reads a query as forms write it; malformed encodings are refused, not replaced. */
function readQuery(query: string): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const text = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const known = texts.get(name);
    if (known === undefined) texts.set(name, [text]);
    else known.push(text);
  }
  return texts;
}

function decode(source: string): string {
  try {
    return decodeURIComponent(source.replaceAll("+", " "));
  } catch (cause) {
    throw new AppError("invalid", "the query has a malformed percent-encoding", { cause });
  }
}

/** A parameter's name is the caller's text: it is cut, and control characters are left out. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "").slice(0, 64);
}
