import { expect, test } from "vitest";
import { type Sequel, verdictInWords } from "./attempt-verdict.ts";
import type { Outcome } from "./delivery.ts";

const startedAt = new Date("2026-11-21T14:00:00Z");
const now = new Date("2026-11-21T14:00:10Z");

function words(
  outcome: Outcome,
  changes: { statusCode?: number; error?: string; retryAfter?: string } = {},
  sequel: Sequel = { kind: "none" },
): string {
  const { statusCode = 0, error = "e", retryAfter } = changes;
  const responseHeaders: Record<string, string> =
    retryAfter === undefined ? {} : { "retry-after": retryAfter };
  const attempt = { outcome, statusCode, error, durationMs: 120, startedAt, responseHeaders };
  return verdictInWords(attempt, sequel, now);
}

test.each([
  ["SUCCEEDED", { statusCode: 204 }, "the receiver answered 204 No Content in 120 ms"],
  ["HTTP_ERROR", { statusCode: 500 }, "the receiver answered 500 Internal Server Error in 120 ms"],
  [
    "HTTP_ERROR",
    { statusCode: 500, retryAfter: "9" },
    "the receiver answered 500 Internal Server Error in 120 ms",
  ],
  [
    "HTTP_ERROR",
    { statusCode: 429, retryAfter: "9" },
    "the receiver answered 429 Too Many Requests in 120 ms, and asked to be left alone (Retry-After: 9)",
  ],
  [
    "HTTP_ERROR",
    { statusCode: 302 },
    "the receiver answered 302 Found in 120 ms, and redirects are not followed",
  ],
  [
    "HTTP_ERROR",
    { statusCode: 410 },
    "the receiver answered 410 Gone in 120 ms, which disables the webhook",
  ],
  ["TIMEOUT", {}, "time was up after 120 ms: e"],
  ["DNS_ERROR", {}, "the host's name did not resolve: e"],
  ["CONNECT_ERROR", {}, "there was no connection, or it broke, after 120 ms: e"],
  ["TLS_ERROR", {}, "no trusted TLS connection came about: e"],
  ["REFUSED_ADDRESS", {}, "nothing was sent, as the URL leads where Posthorn does not send: e"],
  ["PROTOCOL_ERROR", {}, "what the receiver answered is not HTTP: e"],
] as const)("%s %o: %s", (outcome, changes, expected) => {
  expect(words(outcome, changes)).toBe(expected);
});

const at = (s: number) => new Date(now.getTime() + s * 1_000);

test.each<[string, Sequel, string]>([
  [
    "waits for its schedule",
    { kind: "retry", at: at(5), webhook: "ACTIVE" },
    "it will be tried again in 5 s",
  ],
  ["is due", { kind: "retry", at: at(-1), webhook: "ACTIVE" }, "it is due to be tried again"],
  [
    "is paused",
    { kind: "retry", at: at(5), webhook: "PAUSED" },
    "it will be tried again when the webhook is no longer paused",
  ],
  [
    "is disabled",
    { kind: "retry", at: at(5), webhook: "DISABLED" },
    "it will be tried again when the webhook is no longer disabled",
  ],
  [
    "is for a deleted webhook",
    { kind: "retry", at: at(5), webhook: undefined },
    "it will not be tried again, as the webhook was deleted",
  ],
  [
    "was tried again",
    { kind: "followed", at: new Date(startedAt.getTime() + 5_120) },
    "it was tried again 5 s later",
  ],
  ["is exhausted", { kind: "exhausted" }, "it was the last attempt of the schedule"],
  ["was canceled", { kind: "canceled" }, "the delivery was canceled"],
])("what follows when it %s: %o", (_, sequel, expected) => {
  const said = words("HTTP_ERROR", { statusCode: 500 }, sequel);
  expect(said).toBe(`the receiver answered 500 Internal Server Error in 120 ms; ${expected}`);
});
