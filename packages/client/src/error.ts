import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@posthorn/proto/google/rpc/error_details";

/** What Posthorn says of a refusal, and what no Posthorn said. */
const reasons = [
  "invalid",
  "unauthenticated",
  "forbidden",
  "not_found",
  "exists",
  "conflict",
  "precondition",
  "limited",
  "too_large",
  "unavailable",
  "deadline",
  // Nobody answered at that address, or the connection broke.
  "unreachable",
  // Whoever answered is no Posthorn, or not one that knows the call.
  "not_posthorn",
  // The caller's own signal.
  "canceled",
  // A defect over there; the message holds the request's id.
  "internal",
] as const;

/** Why a call failed: what a program branches on. */
export type Reason = (typeof reasons)[number];

/** What is wrong with one field of a request. */
export interface FieldProblem {
  /** The JSON path: `event.data`, `events[3].type`. */
  readonly field: string;
  readonly description: string;
}

const retried: ReadonlySet<Reason> = new Set(["limited", "unavailable", "deadline", "unreachable"]);

/** Why a call failed. The message is a sentence without a final stop, and holds no key. */
export class PosthornError extends Error {
  override readonly name = "PosthornError";
  readonly reason: Reason;
  /** Empty unless single fields are to blame. */
  readonly fields: readonly FieldProblem[];
  /** Milliseconds from now; undefined when there is no telling. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: Reason,
    message: string,
    options: {
      readonly fields?: readonly FieldProblem[];
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.fields = options.fields ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether the same call may succeed later; what publishes is safe with an idempotency key. */
  get isRetryable(): boolean {
    return retried.has(this.reason);
  }
}

/** Gives what a failed call is thrown as. */
export function toPosthornError(error: unknown): PosthornError {
  if (error instanceof PosthornError) return error;
  const connect = ConnectError.from(error);
  const told = reasonOf(connect);
  if (told === undefined) return untold(connect);
  const retryDelay = connect.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return new PosthornError(told, connect.rawMessage, {
    fields: connect
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) =>
        fieldViolations.map(({ field, description }) => ({ field, description })),
      ),
    retryAfterMs: retryDelay && durationMs(retryDelay),
    cause: connect,
  });
}

function reasonOf(error: ConnectError): Reason | undefined {
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "posthorn");
  const name = info?.reason.toLowerCase();
  return reasons.find((reason) => reason === name);
}

/** A failure that no Posthorn gave a reason for. */
function untold(error: ConnectError): PosthornError {
  const { rawMessage } = error;
  const as = (reason: Reason, message = rawMessage) =>
    new PosthornError(reason, message, { cause: error });
  switch (error.code) {
    case Code.Canceled:
      return as("canceled");
    case Code.DeadlineExceeded:
      return as("deadline", "there was no answer in time");
    case Code.Internal:
      if (rawMessage.startsWith("internal error")) return as("internal");
      return as("not_posthorn");
    case Code.Unavailable:
    case Code.Aborted:
      return as("unreachable", connectionWords(error));
    default:
      return isConnectionLost(error)
        ? as("unreachable", connectionWords(error))
        : as("not_posthorn");
  }
}

/** Codes of Node's sockets, TLS and name look-up, in words. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection is refused",
  ECONNRESET: "the connection broke",
  EPIPE: "the connection broke",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "there is no such host",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that host",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by nobody this machine trusts",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by nobody this machine trusts",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by nobody this machine trusts",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is another host's",
  EPROTO: "it does not speak TLS",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS",
};

function connectionWords(error: ConnectError): string {
  const code = socketCode(error);
  return (code && words[code]) ?? error.rawMessage;
}

function isConnectionLost(error: ConnectError): boolean {
  return socketCode(error) !== undefined;
}

/** Gives the code of the innermost failure that has one. */
function socketCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return socketCode(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  const inner = socketCode(error.cause);
  if (inner !== undefined) return inner;
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
