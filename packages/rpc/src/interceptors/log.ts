import { randomUUID } from "node:crypto";
import {
  Code,
  ConnectError,
  createContextKey,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { Logger, Metrics } from "@posthorn/runtime";
import { callerOf } from "../caller.ts";
import { tellEnd } from "../stream.ts";

type Call = Parameters<ReturnType<Interceptor>>[0];

const requestIdHeader = "x-request-id";
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** The request id of a call: the caller's header `x-request-id`, or one of ours. */
export const requestIdKey = createContextKey("", { description: "request id" });

/** Gives the request id of a call, for logs and calls that follow from it. */
export function requestIdOf(context: HandlerContext): string {
  return context.values.get(requestIdKey);
}

/**
 * Gives every call a request id, which the answer bears as a header, and tells log and metrics how
 * it ended: defects as errors with their causes, unavailability as warnings, the rest as debug.
 */
export function logInterceptor({ log, metrics }: { log: Logger; metrics?: Metrics }): Interceptor {
  const duration = metrics?.histogram({
    name: "posthorn_rpc_duration_seconds",
    help: "How long calls took, streams up to their end.",
    labelNames: ["method", "code"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });
  const tell = (request: Call, startedAtMs: number, error: unknown) => {
    const durationMs = performance.now() - startedAtMs;
    const code = codeName(error);
    const method = methodName(request);
    duration?.observe({ method, code }, durationMs / 1_000);
    const level = levelOf(code);
    if (!log.isLevelEnabled(level)) return;
    const requestId = request.contextValues.get(requestIdKey);
    const keyId = callerOf(request.contextValues)?.principal.keyId;
    const entry = { requestId, method, code, durationMs, keyId };
    if (error === undefined) log[level](entry, "call");
    else log[level]({ ...entry, err: rootOf(error) }, "call failed");
  };
  return (next) => async (request) => {
    const startedAtMs = performance.now();
    const requestId = readRequestId(request.header);
    request.contextValues.set(requestIdKey, requestId);
    try {
      const response = await next(request);
      response.header.set(requestIdHeader, requestId);
      if (response.stream) {
        const end = (error: unknown) => tell(request, startedAtMs, error);
        return { ...response, message: tellEnd(response.message, end) };
      }
      tell(request, startedAtMs, undefined);
      return response;
    } catch (error) {
      if (error instanceof ConnectError) error.metadata.set(requestIdHeader, requestId);
      tell(request, startedAtMs, error);
      throw error;
    }
  };
}

function readRequestId(header: Headers): string {
  const given = header.get(requestIdHeader);
  return given !== null && requestIdPattern.test(given) ? given : randomUUID();
}

function methodName({ method }: Call): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** `ok`, or the code in snake case, as Connect spells it. */
function codeName(error: unknown): string {
  if (error === undefined) return "ok";
  const { code } = ConnectError.from(error, Code.Internal);
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}

function levelOf(code: string): "error" | "warn" | "debug" {
  if (code === "internal" || code === "unknown" || code === "data_loss") return "error";
  return code === "unavailable" ? "warn" : "debug";
}

/** The defect behind an internal error; a refusal is its own explanation. */
function rootOf(error: unknown): unknown {
  if (!(error instanceof ConnectError) || error.cause === undefined) return error;
  return error.cause instanceof AppError ? error.cause : (error.cause ?? error);
}
