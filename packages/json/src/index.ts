export { type CutPlan, cutJson, type JsonSpan } from "./cut-json.ts";
export { isObject } from "./is-object.ts";
export type { JsonLimits } from "./json-limits.ts";
export { previousAttributes } from "./previous-attributes.ts";
export type { JsonProblem, JsonProblemReason } from "./problem.ts";
export { type ScannedJson, scanAndCut, scanJson } from "./scan-json.ts";
export { noteSound } from "./sound.ts";
