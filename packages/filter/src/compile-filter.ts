import { dialectProblems } from "./check/dialect.ts";
import { compile } from "./evaluate/compile.ts";
import type { Step } from "./evaluate/frame.ts";
import { Meter, OutOfSteps } from "./evaluate/meter.ts";
import { Failure, kindOf, type Result } from "./evaluate/value.ts";
import type { FilterEvent } from "./filter-event.ts";
import { filterLimits } from "./limits.ts";
import { parseFilter } from "./parse.ts";

/** Why a filter gave neither true nor false for an event. A value: nothing throws it. */
export class FilterError {
  /** A lower-case sentence without a final stop; holds names of fields, never values of the event. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Tells whether an event passes. Never throws, and takes at most `filterLimits.stepsMax` steps. */
export type Filter = (event: FilterEvent) => boolean | FilterError;

/**
 * Makes a filter of a source that `checkFilter` has no problem with. One that cannot be compiled
 * gives a `FilterError` for every event.
 */
export function compileFilter(source: string): Filter {
  const parsed = parseFilter(source);
  if ("message" in parsed) return failing(parsed.message);
  const [problem] = dialectProblems(parsed.ast);
  if (problem) return failing(problem.message);
  const step = compile(parsed.ast, []);
  return (event) => toVerdict(evaluate(step, event));
}

function failing(message: string): Filter {
  const error = new FilterError(message);
  return () => error;
}

/** Evaluations never interleave, so one meter does for all. */
const meter = new Meter();

function evaluate(step: Step, event: FilterEvent): Result {
  meter.start(filterLimits.stepsMax);
  try {
    return step({ event, meter, locals: [] });
  } catch (error) {
    // A filter is a tenant's: even a defect of ours may cost it this event, and nobody else anything.
    const isMeant = error instanceof OutOfSteps;
    return new Failure(isMeant ? error.message : "the filter could not be evaluated");
  }
}

function toVerdict(result: Result): boolean | FilterError {
  if (typeof result === "boolean") return result;
  if (result instanceof Failure) return new FilterError(result.message);
  return new FilterError(`the filter gave ${kindOf(result)}, not bool`);
}
