import { expect, test } from "vitest";
import { AppError, invalid } from "./app-error.ts";

test("carries reason, fields, retry time and cause", () => {
  const cause = new Error("socket");
  const fields = [{ field: "event.type", description: "is required" }];
  const error = new AppError("limited", "too many events", { fields, retryAfterMs: 1_500, cause });
  expect(error).toMatchObject({
    name: "AppError",
    reason: "limited",
    message: "too many events",
    fields,
    retryAfterMs: 1_500,
    cause,
  });
});

test("has no fields, retry time or cause unless given", () => {
  const error = new AppError("not_found", "webhook wh_1 was not found");
  expect(error.fields).toEqual([]);
  expect(error.retryAfterMs).toBeUndefined();
  expect("cause" in error).toBe(false);
});

test("invalid names its field in the message and as a field problem", () => {
  const error = invalid("events[3].data", "has a key twice", "duplicate_key");
  expect(error.reason).toBe("invalid");
  expect(error.message).toBe("events[3].data: has a key twice");
  expect(error.fields).toEqual([
    { field: "events[3].data", description: "has a key twice", reason: "duplicate_key" },
  ]);
  expect(invalid("url", "is required").fields).toEqual([
    { field: "url", description: "is required" },
  ]);
});
