import { Code } from "@connectrpc/connect";

/** Why a request was refused: the closed list that a caller's program branches on. */
export type Reason = keyof typeof table;

/** How a reason travels. */
export interface Wire {
  /** The code of gRPC and Connect. Several reasons share one, so ErrorInfo carries the reason. */
  readonly code: Code;
  /** The status of a REST answer. */
  readonly httpStatus: number;
  /** Whether the same request, unchanged, may succeed when it is sent again later. */
  readonly retry: boolean;
}

const table = {
  invalid: { code: Code.InvalidArgument, httpStatus: 400, retry: false },
  unauthenticated: { code: Code.Unauthenticated, httpStatus: 401, retry: false },
  forbidden: { code: Code.PermissionDenied, httpStatus: 403, retry: false },
  not_found: { code: Code.NotFound, httpStatus: 404, retry: false },
  exists: { code: Code.AlreadyExists, httpStatus: 409, retry: false },
  // Another request only helps after reading again.
  conflict: { code: Code.Aborted, httpStatus: 409, retry: false },
  precondition: { code: Code.FailedPrecondition, httpStatus: 400, retry: false },
  limited: { code: Code.ResourceExhausted, httpStatus: 429, retry: true },
  too_large: { code: Code.InvalidArgument, httpStatus: 413, retry: false },
  unavailable: { code: Code.Unavailable, httpStatus: 503, retry: true },
  deadline: { code: Code.DeadlineExceeded, httpStatus: 504, retry: true },
} as const satisfies Record<string, Wire>;

/** The one table of reasons: Connect code, HTTP status and whether to retry. */
export const wire: Readonly<Record<Reason, Wire>> = table;

/** Tells whether a text, in lower case, is one of our reasons. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(table, text);
}
