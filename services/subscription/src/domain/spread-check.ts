import type { FieldProblem } from "@posthorn/errors";
import type { Spread } from "./envelope.ts";
import type { EventTypeDraft } from "./event-type.ts";

/**
 * Gives why the data of an event type does not fit envelopes that spread it: a schema that asks for
 * something else than an object or for a member that they name, or an example of that kind. Schema
 * and example must be JSON. `prefix` is the path of the event type.
 */
export function spreadProblems(
  { schema, example }: Pick<EventTypeDraft, "schema" | "example">,
  { isSpread, reservedMembers }: Spread,
  prefix: string,
): FieldProblem[] {
  if (!isSpread) return [];
  const problems = [
    ["schema", schemaProblem(parse(schema), reservedMembers)],
    ["example", exampleProblem(parse(example), reservedMembers)],
  ] as const;
  return problems.flatMap(([field, description]) =>
    description === undefined ? [] : [{ field: `${prefix}.${field}`, description }],
  );
}

function schemaProblem(schema: unknown, reserved: readonly string[]): string | undefined {
  if (!isObject(schema)) return undefined;
  const types = [schema["type"] ?? "object"].flat();
  if (!types.includes("object")) return "must allow an object: the provider's envelope spreads it";
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const named = isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  return clash([...named, ...required], reserved);
}

function exampleProblem(example: unknown, reserved: readonly string[]): string | undefined {
  if (example === undefined) return undefined;
  if (!isObject(example)) return "must be an object: the provider's envelope spreads it";
  return clash(Object.keys(example), reserved);
}

function clash(names: readonly unknown[], reserved: readonly string[]): string | undefined {
  const member = reserved.find((name) => names.includes(name));
  if (member === undefined) return undefined;
  return `has member ${member}, which the provider's envelope names itself`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: Uint8Array): unknown {
  return text.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(text));
}
