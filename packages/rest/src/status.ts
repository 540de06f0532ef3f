import { type AnyDesc, createRegistry, type DescMessage, type Message } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, errorDomain, isReason, toConnectError, wire } from "@posthorn/errors";
import {
  ErrorInfoSchema,
  file_google_rpc_error_details as errorDetails,
  RetryInfoSchema,
} from "@posthorn/proto/google/rpc/error_details";
import type { ErrorShape } from "./error-shape.ts";
import { type JsonWriter, messageWriter } from "./json-writer.ts";

/** A refusal as REST answers it. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 JSON: google.rpc.Status, unless a shape made another. */
  readonly body: Uint8Array;
}

/** What HTTP itself refuses, for which no reason of ours stands. */
export interface HttpProblem {
  readonly status: number;
  readonly code: Code;
  /** In upper case, for ErrorInfo. */
  readonly reason: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that HTTP itself refuses, on its way to its answer. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly problem: HttpProblem;

  constructor(problem: HttpProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Gives the answer to what HTTP refuses: 404, 405, 408, 413, 415, 431. */
export function refuseHttp(problem: HttpProblem, shape?: ErrorShape): Refusal {
  const { status, code, reason, message, headers = {} } = problem;
  const details = [{ desc: ErrorInfoSchema, value: { reason, domain: errorDomain } }];
  const error = new ConnectError(message, code, undefined, details);
  return { status, headers: { ...jsonHeaders, ...headers }, body: bodyOf(error, status, shape) };
}

/**
 * Gives the answer to what a call threw. The status follows from our reason, or else from the
 * code; a defect, or a code that only defects have, tells no more than the request id.
 */
export function refuse(thrown: unknown, requestId: string, shape?: ErrorShape): Refusal {
  if (thrown instanceof HttpRefusal) return refuseHttp(thrown.problem, shape);
  const error = outwardError(thrown, requestId);
  const status = statusOf(error);
  const headers: Record<string, string> = { ...jsonHeaders };
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  if (retry !== undefined) headers["retry-after"] = String(Math.ceil(durationMs(retry) / 1_000));
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return { status, headers, body: bodyOf(error, status, shape) };
}

/** Tells whether what a call threw is a defect, which somebody has to look at. */
export function isDefect(thrown: unknown): boolean {
  if (thrown instanceof AppError || thrown instanceof HttpRefusal) return false;
  return !(thrown instanceof ConnectError) || defectCodes.has(thrown.code);
}

const jsonHeaders = { "content-type": "application/json" };

const defectCodes = new Set([Code.Internal, Code.Unknown, Code.DataLoss]);

/**
 * Gives the form in which an error of a call may go out: a refusal of ours as it is, a defect as
 * no more than the request id, and a service that cannot be reached without its address.
 */
export function outwardError(thrown: unknown, requestId: string): ConnectError {
  const error = toConnectError(thrown, requestId);
  if (error.findDetails(ErrorInfoSchema).length > 0) return error;
  if (defectCodes.has(error.code)) return toConnectError(new Error("defect"), requestId);
  // A transport's own words name hosts and ports.
  if (error.code !== Code.Unavailable && error.code !== Code.Aborted) return error;
  const message = "the service cannot be reached, try again";
  return toConnectError(new AppError("unavailable", message, { cause: error }), requestId);
}

function statusOf(error: ConnectError): number {
  const info = error.findDetails(ErrorInfoSchema).find((it) => it.domain === errorDomain);
  const reason = info?.reason.toLowerCase() ?? "";
  return isReason(reason) ? wire[reason].httpStatus : statusByCode[error.code];
}

/** The HTTP mapping of google/rpc/code.proto. */
const statusByCode: Readonly<Record<Code, number>> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

const registry = createRegistry(errorDetails);

const detailWriters = new Map<string, JsonWriter>(
  [...registry].filter(isMessage).map((desc) => [desc.typeName, messageWriter(desc)]),
);

function isMessage(desc: AnyDesc): desc is DescMessage {
  return desc.kind === "message";
}

function bodyOf(error: ConnectError, status: number, shape: ErrorShape | undefined): Uint8Array {
  if (shape !== undefined) {
    const { code, rawMessage: message } = error;
    const reason = error.findDetails(ErrorInfoSchema)[0]?.reason ?? "";
    return Buffer.from(JSON.stringify(shape({ status, code, reason, message })));
  }
  const details = error.findDetails(registry).map(detailText);
  const message = JSON.stringify(error.rawMessage);
  return Buffer.from(`{"code":${error.code},"message":${message},"details":[${details}]}`);
}

function detailText(detail: Message): string {
  const type = `"@type":"type.googleapis.com/${detail.$typeName}"`;
  const members = detailWriters.get(detail.$typeName)?.(detail).slice(1) ?? "}";
  return `{${type}${members === "}" ? "" : ","}${members}`;
}
