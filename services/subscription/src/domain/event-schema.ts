import type { FieldProblem } from "@posthorn/errors";
import { scanJson } from "@posthorn/json";
import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { EventTypeDraft } from "./event-type.ts";

const limits = { depthMax: 64, keysMax: 10_000 };
const draft2020 = "https://json-schema.org/draft/2020-12/schema";
const draft07 = "http://json-schema.org/draft-07/schema";

/**
 * Gives what is wrong with an event type's schema and example: no JSON, no schema of a draft that
 * we know, a `$ref` that leads outside, or an example that breaks the schema. `prefix` is the
 * path of the event type in the request.
 */
export function schemaProblems(
  { schema, example }: Pick<EventTypeDraft, "schema" | "example">,
  prefix: string,
): FieldProblem[] {
  const at = { schema: `${prefix}.schema`, example: `${prefix}.example` };
  const problems = [...jsonProblems(schema, at.schema), ...jsonProblems(example, at.example)];
  if (problems.length > 0 || schema.length === 0) return problems;
  const compiled = compile(parse(schema));
  if ("problem" in compiled) return [{ field: at.schema, description: compiled.problem }];
  if (example.length === 0 || compiled.validate(parse(example))) return [];
  return [{ field: at.example, description: firstError(compiled.validate.errors) }];
}

function jsonProblems(text: Uint8Array, field: string): FieldProblem[] {
  const problem = text.length === 0 ? undefined : scanJson(text, limits);
  if (problem === undefined) return [];
  return [{ field, description: problem.message, reason: problem.reason }];
}

function compile(schema: unknown): { validate: ValidateFunction } | { problem: string } {
  if (!isSchema(schema)) return { problem: "must be an object or a boolean" };
  const problem = dialectProblem(schema);
  if (problem !== undefined) return { problem };
  try {
    return { validate: freshAjv(schema).compile(schema) };
  } catch (error) {
    // Ajv tells what is wrong with a schema (a remote $ref, a bad pattern) only by throwing.
    return { problem: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  // Ajv compiles by recursion: thousands of properties in one object exhaust its stack.
  if (error instanceof RangeError) return "is too large to be compiled";
  return error instanceof Error ? error.message : String(error);
}

function isSchema(value: unknown): value is AnySchema {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject || typeof value === "boolean";
}

function dialectProblem(schema: AnySchema): string | undefined {
  if (typeof schema === "boolean") return undefined;
  if (schema["$async"] !== undefined) return "$async is not a keyword of JSON Schema";
  const dialect = dialectOf(schema);
  if (dialect !== draft2020 && dialect !== draft07) {
    return `$schema must be ${draft2020} or ${draft07}#`;
  }
  const ajv = metaAjv(dialect);
  return ajv.validate(dialect, schema) === true ? undefined : firstError(ajv.errors);
}

function dialectOf(schema: AnySchema): unknown {
  if (typeof schema === "boolean") return draft2020;
  const named: unknown = schema["$schema"] ?? draft2020;
  return typeof named === "string" ? named.replace(/#$/, "") : named;
}

/** One instance a draft, for meta-schemas only: it never sees a caller's `$id`. */
const metaAjvs = new Map<string, Ajv>();

function metaAjv(dialect: string): Ajv {
  const options = { strict: false, logger: false } as const;
  const ajv =
    metaAjvs.get(dialect) ?? (dialect === draft07 ? new Ajv(options) : new Ajv2020(options));
  metaAjvs.set(dialect, ajv);
  return ajv;
}

/** An instance of its own for each schema, so that no `$id` meets another's and nothing stays. */
function freshAjv(schema: AnySchema): Ajv {
  const options = { strict: false, logger: false, meta: false, validateSchema: false } as const;
  const ajv = dialectOf(schema) === draft07 ? new Ajv(options) : new Ajv2020(options);
  formats.default(ajv);
  return ajv;
}

function firstError(errors: readonly ErrorObject[] | null | undefined): string {
  const [error] = errors ?? [];
  return `${error?.instancePath || "the whole"} ${error?.message ?? "is wrong"}`;
}

function parse(text: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(text));
}
