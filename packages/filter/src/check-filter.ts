import { dialectProblems } from "./check/dialect.ts";
import { fieldProblems } from "./check/fields.ts";
import { filterLimits } from "./limits.ts";
import { type Parsed, parseFilter } from "./parse.ts";
import { type FilterProblem, problemAt } from "./problem.ts";

export type { FilterProblem } from "./problem.ts";

/** Problems that are told at once, at most. */
const problemsMax = 10;

/**
 * Gives what is wrong with a filter: its syntax, its size, names and functions that are not there,
 * types, a result that is no bool. `schemas` are the JSON Schemas (parsed) of the event types that
 * it is for, undefined for a type without one; a field that none of them allows is a problem. With
 * no schema at all any field may be there.
 */
export function checkFilter(
  source: string,
  { schemas }: { readonly schemas: readonly unknown[] },
): FilterProblem[] {
  const parsed = parseFilter(source);
  if ("message" in parsed) return [parsed];
  const foreign = dialectProblems(parsed.ast);
  if (foreign.length > 0) return foreign.slice(0, problemsMax);
  const unknown = fieldProblems(parsed.ast, dataShape(schemas));
  if (unknown.length > 0) return unknown.slice(0, problemsMax);
  return typeProblems(parsed);
}

function dataShape(schemas: readonly unknown[]) {
  const isTooMany = schemas.length > filterLimits.schemasMax;
  const isAnything = schemas.length === 0 || schemas.includes(undefined) || isTooMany;
  const documents = schemas.map((schema) => ({ schema, root: schema }));
  return { path: "event.data", schemas: isAnything ? undefined : documents };
}

function typeProblems({ ast, check }: Parsed): FilterProblem[] {
  const checked = check();
  if ("problem" in checked) return [checked.problem];
  if (checked.type === "bool" || checked.type === "dyn") return [];
  return [problemAt(ast.start, `the filter gives ${checked.type}, not bool`)];
}
