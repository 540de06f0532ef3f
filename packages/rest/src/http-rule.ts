import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
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

/** Gives a method's rule; undefined for none. */
export type RuleOf = (method: DescMethod) => HttpRule | undefined;

/**
 * Gives the rule of each method: its own option, or the last of `rules` whose selector means it.
 * Throws on a selector that is malformed or means no method of the services.
 */
export function rulesOf(services: readonly DescService[], rules: readonly HttpRule[]): RuleOf {
  const methods = services.flatMap((service) => service.methods);
  const selected = new Map<DescMethod, HttpRule>();
  for (const rule of rules) {
    for (const method of methodsOf(rule.selector, methods)) selected.set(method, rule);
  }
  return (method) => selected.get(method) ?? ownRule(method);
}

function ownRule(method: DescMethod): HttpRule | undefined {
  return hasOption(method, http) ? getOption(method, http) : undefined;
}

/** A selector is a list of names; one may end in a `*` that stands for whole components. */
function methodsOf(selector: string, methods: readonly DescMethod[]): DescMethod[] {
  return selector.split(",").flatMap((pattern) => {
    const name = pattern.trim();
    if (!/^([A-Za-z_][A-Za-z0-9_]*\.)*([A-Za-z_][A-Za-z0-9_]*|\*)$/.test(name)) {
      throw new Error(`the selector ${JSON.stringify(selector)} is no list of names`);
    }
    const means = name.endsWith("*")
      ? (method: DescMethod) => nameOf(method).startsWith(name.slice(0, -1))
      : (method: DescMethod) => nameOf(method) === name;
    const found = methods.filter(means);
    if (found.length === 0) throw new Error(`the selector ${name} means no method`);
    return found;
  });
}

function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}.${method.name}`;
}

/** Gives the HTTP bindings of a method's rule, the main one first. */
export function bindingsOf(method: DescMethod, rule: HttpRule): Binding[] {
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
    case "custom": {
      const { kind, path } = pattern.value;
      if (!/^([A-Z][A-Z-]*|\*)$/.test(kind)) {
        throw new Error(`${method}: ${JSON.stringify(kind)} is no HTTP method in upper case`);
      }
      return { httpMethod: kind, path, body, responseBody };
    }
    case undefined:
      throw new Error(`${method}: the HTTP rule has no path`);
  }
}
