import { PosthornError, type Reason } from "@posthorn/client";
import { expect, test } from "vitest";
import { misuse } from "./failure.ts";
import { toldBy } from "./failure-words.ts";

const server = "http://127.0.0.1:8420";

test.each<[Reason, string, number, string]>([
  ["invalid", "event.type: is missing", 1, "event.type: is missing."],
  [
    "unauthenticated",
    "the key is unknown",
    4,
    "the key is unknown. Give another: posthorn login, or POSTHORN_API_KEY.",
  ],
  [
    "forbidden",
    "this needs an admin key",
    4,
    "this needs an admin key. posthorn whoami tells what this key may do.",
  ],
  ["not_found", "event evt_1 not found", 5, "event evt_1 not found."],
  ["unavailable", "try later", 3, `${server} cannot answer now: try later. Try again in a moment.`],
  [
    "unreachable",
    "the connection is refused",
    3,
    `${server} cannot be reached: the connection is refused. Does Posthorn run there? See --server, or posthorn login.`,
  ],
  ["canceled", "aborted", 130, "Stopped."],
])("tells %s in one line with what to do", (reason, message, exitCode, line) => {
  expect(toldBy(new PosthornError(reason, message), server)).toEqual({
    exitCode,
    message: line,
    reason,
  });
});

test("tells when to try again", () => {
  const limited = new PosthornError("limited", "too many keys", { retryAfterMs: 1_200 });
  expect(toldBy(limited, server)?.message).toBe("too many keys. Try again in 2 s.");
});

test("names every field that is wrong", () => {
  const fields = [
    { field: "webhook.url", description: "must be https" },
    { field: "webhook.name", description: "is too long" },
  ];
  const invalid = new PosthornError("invalid", "webhook.url: must be https", { fields });
  expect(toldBy(invalid, server)?.message).toBe(
    "webhook.url: must be https; webhook.name: is too long.",
  );
});

test.each([
  ["which key? Give --key-file", "Which key? Give --key-file."],
  ["events.ndjson, line 7: not JSON", "events.ndjson, line 7: not JSON."],
  ["--to: it must be\n  a port", "--to: it must be a port."],
])("writes %j as a sentence", (message, line) => {
  expect(toldBy(misuse(message), server)).toEqual({ exitCode: 2, message: line, reason: "usage" });
});

test("leaves a defect to be shown with its stack", () => {
  expect(toldBy(new TypeError("x is undefined"), server)).toBeUndefined();
});
