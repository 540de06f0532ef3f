import type { RequestHeaders } from "./headers.ts";

/** A body that is still coming; read once, in one of two ways. */
export interface StreamedBody extends AsyncIterable<Uint8Array> {
  /** Reads all of it. Undefined as soon as more than `bytesMax` have come, and reads no further. */
  whole?(bytesMax: number): Promise<Uint8Array | undefined>;
}

/** An HTTP request, whatever server it came by. */
export interface RestRequest {
  readonly method: string;
  /** Percent-encoded, as it came; begins with `/`. */
  readonly path: string;
  /** Without its `?`; empty for none. */
  readonly query: string;
  /** By name, in lower case. */
  readonly headers: RequestHeaders;
  /** One that is still coming is read only when everything before it is in order. */
  readonly body: Uint8Array | StreamedBody;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}
