import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";

/** Tells what is wrong with data (JSON text, already checked to be JSON); undefined when nothing. */
export type DataCheck = (data: Uint8Array) => string | undefined;

const decoder = new TextDecoder();

/**
 * Gives the check of a JSON Schema (JSON text; draft-07 when its `$schema` says so, else 2020-12;
 * empty text allows all). It is compiled at its first use, which takes 7 to 34 ms, and throws a
 * defect then when the schema is none: catalogs hold only schemas that compile.
 */
export function dataCheck(schema: Uint8Array): DataCheck {
  if (schema.length === 0) return () => undefined;
  let validate: ValidateFunction | undefined;
  return (data) => {
    validate ??= compile(schema);
    if (validate(JSON.parse(decoder.decode(data)))) return undefined;
    return describe(validate.errors?.[0]);
  };
}

function compile(text: Uint8Array): ValidateFunction {
  const schema = JSON.parse(decoder.decode(text));
  const options = { strict: false, validateSchema: true };
  const ajv = isDraft07(schema) ? new Ajv(options) : new Ajv2020(options);
  ajvFormats.default(ajv);
  return ajv.compile(schema);
}

function isDraft07(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null || !("$schema" in schema)) return false;
  return String(schema.$schema).includes("draft-07");
}

/** Names the place in the data and the rule, never the data's own values. */
function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return "does not meet the schema of its event type";
  const place = error.instancePath === "" ? "the data" : error.instancePath.slice(0, 200);
  return `does not meet the schema of its event type: ${place} ${error.message ?? error.keyword}`;
}
