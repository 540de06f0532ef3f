export { type CutPlan, cutJson, type JsonSpan } from "./cut-json.ts";
export { isObject } from "./is-object.ts";
export { previousAttributes } from "./previous-attributes.ts";
export type { JsonProblem, JsonProblemReason } from "./problem.ts";
export { type JsonLimits, type ScannedJson, scanAndCut, scanJson } from "./scan-json.ts";
