import type { FailureCode, Outcome } from "./outcome.ts";

/** One POST. */
export interface EgressRequest {
  readonly url: string;
  /** All headers but those that frame the message; names as they are to be sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Over the whole exchange: waiting for a connection, DNS, connect, TLS, head and body. */
  readonly timeoutMs: number;
  /** Gives the exchange up; `send` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** When each step was done, in milliseconds from the start of the exchange; undefined = not taken. */
export interface Timings {
  /** The name was resolved. Undefined on a connection that was open already. */
  readonly dnsMs?: number;
  /** TCP was connected. Undefined on a connection that was open already. */
  readonly connectMs?: number;
  /** TLS stood. Undefined on a connection that was open already. */
  readonly tlsMs?: number;
  /** The first byte of the answer came. */
  readonly firstByteMs?: number;
}

/** What came of one POST. */
export interface EgressResult {
  readonly outcome: Outcome;
  /** 0 = no final status came. */
  readonly statusCode: number;
  /** Names in lower case; repeated ones joined by `, `. */
  readonly responseHeaders: Record<string, string>;
  /** At most 16 KiB, bytes as they came. */
  readonly responseBody: Uint8Array;
  readonly responseTruncated: boolean;
  /** The address that was dialled; empty = none answered. */
  readonly remoteAddress: string;
  readonly timings: Timings;
  readonly durationMs: number;
  /** A line for people; empty when the receiver answered in full. */
  readonly error: string;
  /** The same for programs; undefined when the receiver answered in full. */
  readonly failure?: FailureCode;
}
