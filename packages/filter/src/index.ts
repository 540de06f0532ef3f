export { checkFilter, type FilterProblem } from "./check-filter.ts";
export { compileFilter, type Filter, FilterError } from "./compile-filter.ts";
export { type EventFacts, FilterEvent } from "./filter-event.ts";
export { filterLimits } from "./limits.ts";
