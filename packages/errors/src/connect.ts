import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type BadRequest_FieldViolation,
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@posthorn/proto/google/rpc/error_details";
import { AppError, type FieldProblem } from "./app-error.ts";
import { isReason, type Reason, wire } from "./wire.ts";

/** The domain of our ErrorInfo details. */
export const errorDomain = "posthorn";

type Details = NonNullable<ConstructorParameters<typeof ConnectError>[3]>;

/**
 * Turns what a handler threw into what goes out. An AppError keeps message, reason (ErrorInfo, in
 * upper case), fields (BadRequest) and retry time (RetryInfo); a ConnectError passes; all else is
 * a defect, of which the caller learns only the request id. The cause stays in `cause`.
 */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  if (error instanceof AppError) {
    const { code } = wire[error.reason];
    return new ConnectError(error.message, code, undefined, detailsOf(error), error);
  }
  if (error instanceof ConnectError) return error;
  const message = `internal error (request ${requestId})`;
  return new ConnectError(message, Code.Internal, undefined, undefined, error);
}

function detailsOf(error: AppError): Details {
  const info = { reason: error.reason.toUpperCase(), domain: errorDomain };
  const details: Details = [{ desc: ErrorInfoSchema, value: info }];
  if (error.fields.length > 0) {
    const fieldViolations = error.fields.map((problem) => ({ ...problem }));
    details.push({ desc: BadRequestSchema, value: { fieldViolations } });
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(Math.ceil(error.retryAfterMs));
    details.push({ desc: RetryInfoSchema, value: { retryDelay } });
  }
  return details;
}

/** Turns a ConnectError that carries our ErrorInfo back into the AppError; the rest passes. */
export function fromConnectError(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const reason = reasonOf(error);
  if (reason === undefined) return error;
  const retryDelay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return new AppError(reason, error.rawMessage, {
    fields: error.findDetails(BadRequestSchema).flatMap((it) => it.fieldViolations.map(toProblem)),
    ...(retryDelay === undefined ? {} : { retryAfterMs: durationMs(retryDelay) }),
    cause: error,
  });
}

function reasonOf(error: ConnectError): Reason | undefined {
  const info = error.findDetails(ErrorInfoSchema).find((it) => it.domain === errorDomain);
  const reason = info?.reason.toLowerCase() ?? "";
  return isReason(reason) ? reason : undefined;
}

function toProblem({ field, description, reason }: BadRequest_FieldViolation): FieldProblem {
  return reason === "" ? { field, description } : { field, description, reason };
}
