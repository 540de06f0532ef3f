import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  ParseError,
} from "@marcbachmann/cel-js";
import { filterLimits } from "./limits.ts";
import { type FilterProblem, problemAt } from "./problem.ts";

/** A filter whose syntax is right. */
export interface Parsed {
  readonly ast: ASTNode;
  /** Gives the type that CEL derives (`dyn` where it depends on data), or the first type error. */
  readonly check: () => { readonly type: string } | { readonly problem: FilterProblem };
}

const environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: filterLimits.partsMax, maxDepth: filterLimits.depthMax },
}).registerVariable({
  name: "event",
  schema: {
    id: "string",
    type: "string",
    time: "google.protobuf.Timestamp",
    data: "dyn",
    connection: "string",
  },
});

/** Reads a filter; gives the first problem of its syntax, or that it is too large. */
export function parseFilter(source: string): Parsed | FilterProblem {
  if (source.length > filterLimits.sourceLengthMax) {
    const { sourceLengthMax } = filterLimits;
    return problemAt(sourceLengthMax, `the filter has more than ${sourceLengthMax} characters`);
  }
  try {
    const parsed = environment.parse(source);
    return { ast: parsed.ast, check: () => checkTypes(parsed) };
  } catch (error) {
    return toProblem(error);
  }
}

function checkTypes(parsed: ReturnType<Environment["parse"]>): ReturnType<Parsed["check"]> {
  const { valid, type = "dyn", error } = parsed.check();
  return valid ? { type } : { problem: toProblem(error) };
}

/** The library tells what is wrong by throwing. What else it throws, the filter is the cause of too. */
function toProblem(error: unknown): FilterProblem {
  if (error instanceof RangeError) return problemAt(0, "the filter is nested too deeply");
  if (!(error instanceof ParseError || error instanceof CelTypeError)) {
    return problemAt(0, "the filter cannot be understood");
  }
  const offset = error.range?.start ?? 0;
  if (error.code === "limit_exceeded") return problemAt(offset, tooLarge(error.summary));
  return problemAt(offset, error.summary.charAt(0).toLowerCase() + error.summary.slice(1));
}

function tooLarge(summary: string): string {
  const { partsMax, depthMax } = filterLimits;
  if (summary.includes("maxDepth")) return `nested more than ${depthMax} deep`;
  return `the filter has more than ${partsMax} parts`;
}
