/** What is wrong with a filter. */
export interface FilterProblem {
  /** Where, as an offset in the source, in UTF-16 units from 0. */
  readonly offset: number;
  /** A lower-case sentence without a final stop, with the place and, where there is one, a suggestion. */
  readonly message: string;
}

/** Gives a problem at an offset. The message tells the place as users count, from 1. */
export function problemAt(offset: number, text: string, suggestion?: string): FilterProblem {
  const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return { offset, message: `${text} (character ${offset + 1})${hint}` };
}
