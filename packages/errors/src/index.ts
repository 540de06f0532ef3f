export { AppError, type AppErrorOptions, type FieldProblem, invalid } from "./app-error.ts";
export { errorDomain, fromConnectError, toConnectError } from "./connect.ts";
export { isReason, type Reason, type Wire, wire } from "./wire.ts";
