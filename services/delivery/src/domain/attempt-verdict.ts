import type { Attempt, WebhookState } from "./delivery.ts";
import { spanInWords, statusInWords } from "./words.ts";

/** What followed an attempt, as far as is known. */
export type Sequel =
  /** Nothing is known, or nothing is to be said. */
  | { readonly kind: "none" }
  /** A later attempt of the same delivery began at that time. */
  | { readonly kind: "followed"; readonly at: Date }
  /** It is due again at that time. */
  | { readonly kind: "retry"; readonly at: Date; readonly webhook: WebhookState }
  /** It was the last of its schedule. */
  | { readonly kind: "exhausted" }
  /** The delivery was canceled. */
  | { readonly kind: "canceled" };

/** What is told of an attempt. */
type Told = Pick<
  Attempt,
  "outcome" | "statusCode" | "error" | "durationMs" | "startedAt" | "responseHeaders"
>;

/** Tells in one sentence what came of an attempt, and what followed. */
export function verdictInWords(attempt: Told, sequel: Sequel, now: Date): string {
  const said = [whatCame(attempt), whatFollowed(attempt, sequel, now)];
  return said.filter((part) => part !== "").join("; ");
}

function whatCame(attempt: Told): string {
  const { outcome, statusCode, durationMs, error } = attempt;
  const span = spanInWords(durationMs);
  switch (outcome) {
    case "SUCCEEDED":
    case "HTTP_ERROR":
      return `the receiver answered ${statusInWords(statusCode)} in ${span}${remark(attempt)}`;
    case "TIMEOUT":
      return `time was up after ${span}: ${error}`;
    case "DNS_ERROR":
      return `the host's name did not resolve: ${error}`;
    case "CONNECT_ERROR":
      return `there was no connection, or it broke, after ${span}: ${error}`;
    case "TLS_ERROR":
      return `no trusted TLS connection came about: ${error}`;
    case "REFUSED_ADDRESS":
      return `nothing was sent, as the URL leads where Posthorn does not send: ${error}`;
    case "PROTOCOL_ERROR":
      return `what the receiver answered is not HTTP: ${error}`;
  }
}

function remark({ statusCode, responseHeaders }: Told): string {
  if (statusCode === 410) return ", which disables the webhook";
  if (statusCode >= 300 && statusCode < 400) return ", and redirects are not followed";
  const retryAfter = responseHeaders["retry-after"];
  if ((statusCode !== 429 && statusCode !== 503) || retryAfter === undefined) return "";
  return `, and asked to be left alone (Retry-After: ${retryAfter.slice(0, 40)})`;
}

function whatFollowed({ startedAt, durationMs }: Told, sequel: Sequel, now: Date): string {
  switch (sequel.kind) {
    case "none":
      return "";
    case "followed": {
      const waitedMs = sequel.at.getTime() - startedAt.getTime() - durationMs;
      return `it was tried again ${spanInWords(waitedMs)} later`;
    }
    case "retry":
      return whenAgain(sequel, now);
    case "exhausted":
      return "it was the last attempt of the schedule";
    case "canceled":
      return "the delivery was canceled";
  }
}

function whenAgain({ at, webhook }: Sequel & { kind: "retry" }, now: Date): string {
  if (webhook === "PAUSED" || webhook === "DISABLED") {
    return `it will be tried again when the webhook is no longer ${webhook.toLowerCase()}`;
  }
  if (webhook === undefined) return "it will not be tried again, as the webhook was deleted";
  const waitMs = at.getTime() - now.getTime();
  return waitMs > 0
    ? `it will be tried again in ${spanInWords(waitMs)}`
    : "it is due to be tried again";
}
