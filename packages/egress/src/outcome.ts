/** What came of one exchange. */
export type Outcome =
  | "SUCCEEDED"
  | "HTTP_ERROR"
  | "TIMEOUT"
  | "DNS_ERROR"
  | "CONNECT_ERROR"
  | "TLS_ERROR"
  | "REFUSED_ADDRESS"
  | "PROTOCOL_ERROR";

/** What exactly went wrong, for programs; each belongs to one outcome. */
export type FailureCode =
  | "url_refused"
  | "address_refused"
  | "dns_not_found"
  | "dns_failed"
  | "dns_timeout"
  | "no_name_server"
  | "no_socket"
  | "connect_failed"
  | "connect_timeout"
  | "tls_failed"
  | "tls_timeout"
  | "reset_before_answer"
  | "closed_before_answer"
  | "reset_in_head"
  | "closed_in_head"
  | "reset_in_body"
  | "closed_in_body"
  | "not_http"
  | "bad_body"
  | "head_too_large"
  | "too_many_informational"
  | "unexpected_answer"
  | "deadline";

/** The outcome of each failure. */
export const outcomes: Readonly<Record<FailureCode, Outcome>> = {
  url_refused: "REFUSED_ADDRESS",
  address_refused: "REFUSED_ADDRESS",
  dns_not_found: "DNS_ERROR",
  dns_failed: "DNS_ERROR",
  dns_timeout: "DNS_ERROR",
  no_name_server: "DNS_ERROR",
  no_socket: "CONNECT_ERROR",
  connect_failed: "CONNECT_ERROR",
  connect_timeout: "TIMEOUT",
  tls_failed: "TLS_ERROR",
  tls_timeout: "TIMEOUT",
  reset_before_answer: "CONNECT_ERROR",
  closed_before_answer: "CONNECT_ERROR",
  reset_in_head: "PROTOCOL_ERROR",
  closed_in_head: "PROTOCOL_ERROR",
  reset_in_body: "PROTOCOL_ERROR",
  closed_in_body: "PROTOCOL_ERROR",
  not_http: "PROTOCOL_ERROR",
  bad_body: "PROTOCOL_ERROR",
  head_too_large: "PROTOCOL_ERROR",
  too_many_informational: "PROTOCOL_ERROR",
  unexpected_answer: "PROTOCOL_ERROR",
  deadline: "TIMEOUT",
};

/** A failure that our own code noticed; it travels through undici as an error. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly failure: FailureCode;

  constructor(failure: FailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
