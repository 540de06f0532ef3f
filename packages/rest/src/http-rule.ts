import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "@posthorn/proto/google/api/annotations";
import type { HttpRule } from "@posthorn/proto/google/api/http";

/** One way in which a method is reached by HTTP. */
export interface Binding {
  /** In upper case; `*` for any. */
  readonly httpMethod: string;
  /** The path template. */
  readonly path: string;
  /** The request field that the body is, `*` for all, empty for no body. */
  readonly body: string;
  /** The response field that the answer's body is; empty for the whole message. */
  readonly responseBody: string;
}

/** Gives the HTTP bindings of a method, the main one first; none without the option. */
export function bindingsOf(method: DescMethod): Binding[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  for (const additional of rule.additionalBindings) {
    if (additional.additionalBindings.length > 0) {
      throw new Error(`${method}: additional bindings within additional bindings`);
    }
  }
  return [rule, ...rule.additionalBindings].map((it) => toBinding(method, it));
}

function toBinding(method: DescMethod, rule: HttpRule): Binding {
  const { pattern, body, responseBody } = rule;
  switch (pattern.case) {
    case "get":
    case "put":
    case "post":
    case "delete":
    case "patch":
      return { httpMethod: pattern.case.toUpperCase(), path: pattern.value, body, responseBody };
    case "custom":
      return { httpMethod: pattern.value.kind, path: pattern.value.path, body, responseBody };
    case undefined:
      throw new Error(`${method}: the HTTP rule has no path`);
  }
}
