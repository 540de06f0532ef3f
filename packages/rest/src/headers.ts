import { randomUUID } from "node:crypto";

/** A request's headers by name, in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Names a call in logs and answers. */
export const requestIdHeader = "x-request-id";

/** The headers of a request that go on to the service, besides the request id. */
const handedOn = ["authorization", "idempotency-key", "traceparent", "tracestate"];

/** Gives a header's value, several joined by commas; empty when it is absent. */
export function headerOf(headers: RequestHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === "string" ? value : value?.join(", ")) ?? "";
}

/** Gives the request id that a caller chose, if it is a plain one, or else a new one. */
export function requestIdFrom(given: string): string {
  return /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/**
 * Gives the headers with which a request goes on to its service, by name; an empty one goes on, too,
 * since the service may have to refuse it. `get` gives null for a header that is absent.
 */
export function forwarded(
  requestId: string,
  get: (name: string) => string | null,
): Record<string, string> {
  const headers: Record<string, string> = { [requestIdHeader]: requestId };
  for (const name of handedOn) {
    const value = get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}
