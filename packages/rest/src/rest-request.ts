import type { RequestHeaders } from "./headers.ts";

/** An HTTP request, whatever server it came by. */
export interface RestRequest {
  readonly method: string;
  /** Percent-encoded, as it came; begins with `/`. */
  readonly path: string;
  /** Without its `?`; empty for none. */
  readonly query: string;
  /** By name, in lower case. */
  readonly headers: RequestHeaders;
  /** An iterable is read only when everything before the body is in order. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}
