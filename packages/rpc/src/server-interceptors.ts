import type { Interceptor } from "@connectrpc/connect";
import type { Logger, Metrics, Tracing } from "@posthorn/runtime";
import type { Authority } from "./authority.ts";
import { authInterceptor } from "./interceptors/auth.ts";
import { deadlineInterceptor } from "./interceptors/deadline.ts";
import { type ErrorsOptions, errorsInterceptor } from "./interceptors/errors.ts";
import { logInterceptor } from "./interceptors/log.ts";
import { traceInterceptor } from "./interceptors/trace.ts";
import { validateInterceptor } from "./interceptors/validate.ts";
import { workspaceInterceptor } from "./interceptors/workspace.ts";

/** The longest that a unary call may take, whatever its caller allows. */
const unaryTimeoutMs = 30_000;

/** What the server side of every call goes through. */
export interface ServerInterceptorOptions extends ErrorsOptions {
  readonly authority: Authority;
  /** What other services of ours show; empty closes the methods that are for them alone. */
  readonly serviceKey: string;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  /** The longest that a unary call may take; default 30 s. */
  readonly timeoutMs?: number;
}

/**
 * Gives the interceptors of a server, outermost first: trace, request id and log, errors, deadline,
 * key and access, validation, workspace. The same list serves `rpcServer` and `localTransport`.
 */
export function serverInterceptors(options: ServerInterceptorOptions): Interceptor[] {
  const { tracing } = options;
  return [
    ...(tracing ? [traceInterceptor(tracing)] : []),
    logInterceptor(options),
    errorsInterceptor(options),
    deadlineInterceptor({ timeoutMs: options.timeoutMs ?? unaryTimeoutMs }),
    authInterceptor(options),
    validateInterceptor(),
    workspaceInterceptor(),
  ];
}
