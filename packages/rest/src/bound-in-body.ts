import type { DescField, JsonValue } from "@bufbuild/protobuf";
import { isJsonObject } from "./json-object.ts";
import type { Route } from "./route.ts";

/** Gives the names of the fields that a body holds although the path binds them. */
export type PathCheck = (body: JsonValue) => string[];

/** Compiles the check that a route's body leaves alone what its path binds. */
export function boundInBody({ body, pathParams }: Route): PathCheck {
  const checks = pathParams.flatMap(({ path, name }) => {
    if (body.kind === "all") return [{ name, steps: [...path] }];
    const isInBody = body.kind === "field" && path[0] === body.field && path.length > 1;
    return isInBody ? [{ name, steps: path.slice(1) }] : [];
  });
  return (json) => checks.filter(({ steps }) => holds(json, steps)).map(({ name }) => name);
}

function holds(json: JsonValue | undefined, [field, ...further]: readonly DescField[]): boolean {
  if (field === undefined) return true;
  if (!isJsonObject(json)) return false;
  return [field.jsonName, field.name].some((name) => {
    return Object.hasOwn(json, name) && holds(json[name], further);
  });
}
