export { type Egress, type EgressOptions, egress } from "./egress.ts";
export { checkHeader } from "./header-rule.ts";
export type { Resolve } from "./name-answer.ts";
export type { FailureCode, Outcome } from "./outcome.ts";
export { isOwnFault } from "./own-fault.ts";
export type { EgressRequest, EgressResult, Timings } from "./result.ts";
export { checkUrl, type UrlPolicy } from "./url-policy.ts";
