import { AppError } from "@posthorn/errors";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { isEnd, isTransient } from "./transient.ts";

describe("isTransient", () => {
  test.each([
    ["our own refusal for now", new AppError("unavailable", "away"), true],
    ["a deadline", new AppError("deadline", "too slow"), true],
    ["a refusal for good", new AppError("not_found", "no such topic"), false],
    ["a refusal for good with a passing cause", invalidBecauseAway(), false],
    ["a deadlock", databaseError("40P01"), true],
    ["a statement time-out", databaseError("57014"), true],
    ["a full disk", databaseError("53100"), true],
    ["a broken constraint", databaseError("23505"), false],
    ["a client's time-out", new Error("Query read timeout"), true],
    [
      "a Kafka error that may be tried again",
      Object.assign(new Error("x"), { retriable: true }),
      true,
    ],
    ["a Kafka error for good", Object.assign(new Error("x"), { retriable: false }), false],
    ["a passing cause", new Error("record attempt", { cause: databaseError("40001") }), true],
    ["a defect", new TypeError("x is not a function"), false],
    ["no error", "away", false],
  ])("judges %s", (_name, error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});

describe("isEnd", () => {
  const stopped = AbortSignal.abort();

  test.each([
    ["the signal's reason", stopped.reason, stopped, true],
    ["a passing error after the stop", new AppError("unavailable", "away"), stopped, true],
    ["a defect after the stop", new TypeError("x"), stopped, false],
    ["an abort without a stop", stopped.reason, new AbortController().signal, false],
  ])("judges %s", (_name, error, stop, expected) => {
    expect(isEnd(error, stop)).toBe(expected);
  });
});

function databaseError(code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError("x", 1, "error"), { code });
}

function invalidBecauseAway(): AppError {
  return new AppError("invalid", "wrong", { cause: databaseError("40001") });
}
