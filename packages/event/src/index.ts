export { type Catalog, catalogOf, type EventRules, type EventType } from "./catalog.ts";
export { connectionProblem } from "./connection-check.ts";
export { eventProblem, tooLarge } from "./event-check.ts";
export { typeProblem, unknownType } from "./event-type-check.ts";
export { eventLimits } from "./limits.ts";
export { withPreviousAttributes } from "./previous.ts";
