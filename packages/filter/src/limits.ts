/** What a filter may be and may cost; all of it is written in the README. */
export const filterLimits = {
  /** Characters of the source. */
  sourceLengthMax: 4096,
  /** Names, constants, operators and calls, all together. */
  partsMax: 500,
  /** Brackets, calls and fields within one another. */
  depthMax: 32,
  /** Macros over lists within one another. */
  macroDepthMax: 2,
  /**
   * Steps of one evaluation. A step is one part evaluated once, one item of a list looked at, or
   * 1,024 characters compared. 20,000 took at most 7 ms, whatever they were spent on, and usual
   * filters 0.1 to 5 µs (Node 24, one core of a shared server).
   */
  stepsMax: 20_000,
  /** Schemas that fields are checked against; with more event types any field may be there. */
  schemasMax: 1_000,
} as const;
