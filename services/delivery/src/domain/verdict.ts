import type { Verdict } from "./breaker.ts";
import type { Outcome } from "./delivery.ts";

/** What came of an attempt, as far as its receiver's health goes. */
export interface Answer {
  readonly outcome: Outcome;
  /** 0 when there was no answer. */
  readonly statusCode: number;
  /** Whether the receiver asked to be left alone for a time. */
  readonly asksToWait: boolean;
}

/**
 * Tells what an attempt says of its receiver. Any answer but 200 to 299 is a failure; one with
 * `Retry-After` is none, as the lane waits for as long as it says.
 */
export function verdictOf({ outcome, asksToWait }: Answer): Verdict {
  if (asksToWait) return "asked_to_wait";
  switch (outcome) {
    case "SUCCEEDED":
      return "success";
    case "HTTP_ERROR":
    case "PROTOCOL_ERROR":
      return "failure";
    case "TIMEOUT":
    case "DNS_ERROR":
    case "CONNECT_ERROR":
    case "TLS_ERROR":
    case "REFUSED_ADDRESS":
      return "unreachable";
  }
}

/** Tells whether an attempt says that the receiver has more to do than it bears. */
export function isOverload({ outcome, statusCode }: Answer): boolean {
  return outcome === "TIMEOUT" || statusCode === 429 || statusCode === 503;
}
