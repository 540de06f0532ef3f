import { expect, it } from "vitest";
import type { Verdict } from "./breaker.ts";
import type { Outcome } from "./delivery.ts";
import { isOverload, verdictOf } from "./verdict.ts";

it.each<[string, Outcome, number, boolean, Verdict, boolean]>([
  ["200 is a success", "SUCCEEDED", 200, false, "success", false],
  ["500 is a failure", "HTTP_ERROR", 500, false, "failure", false],
  ["404 is a failure", "HTTP_ERROR", 404, false, "failure", false],
  ["429 is a failure and an overload", "HTTP_ERROR", 429, false, "failure", true],
  ["503 is a failure and an overload", "HTTP_ERROR", 503, false, "failure", true],
  [
    "429 with Retry-After is an overload, no failure",
    "HTTP_ERROR",
    429,
    true,
    "asked_to_wait",
    true,
  ],
  ["a time-out is an overload, too", "TIMEOUT", 0, false, "unreachable", true],
  ["what is not HTTP is a failure", "PROTOCOL_ERROR", 0, false, "failure", false],
  ["no connection does not reach it", "CONNECT_ERROR", 0, false, "unreachable", false],
  ["no address does not reach it", "DNS_ERROR", 0, false, "unreachable", false],
  ["no TLS does not reach it", "TLS_ERROR", 0, false, "unreachable", false],
  ["a refused address does not reach it", "REFUSED_ADDRESS", 0, false, "unreachable", false],
])("%s", (_name, outcome, statusCode, asksToWait, verdict, overload) => {
  const answer = { outcome, statusCode, asksToWait };
  expect(verdictOf(answer)).toBe(verdict);
  expect(isOverload(answer)).toBe(overload);
});
