import type { FilterEvent } from "../filter-event.ts";
import type { Meter } from "./meter.ts";
import type { Result, Value } from "./value.ts";

/** What an evaluation works on. */
export interface Frame {
  readonly event: FilterEvent;
  readonly meter: Meter;
  /** The values of the macros' variables, outermost first. */
  readonly locals: Value[];
}

/** A part of a filter, ready to be evaluated. Throws `OutOfSteps`, and nothing else. */
export type Step = (frame: Frame) => Result;
