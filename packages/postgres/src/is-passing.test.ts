import { AppError, type Reason } from "@posthorn/errors";
import { expect, test } from "vitest";
import { isPassing } from "./is-passing.ts";

test.each<[Reason, boolean]>([
  ["unavailable", true],
  ["deadline", true],
  ["limited", true],
  ["invalid", false],
  ["not_found", false],
  ["conflict", false],
])("what is refused as %s passes by itself: %s", (reason, expected) => {
  expect(isPassing(new AppError(reason, "no"))).toBe(expected);
});

test.each([
  ["a connection that ended", new Error("Connection terminated"), true],
  ["a defect", new Error("broken"), false],
  ["nothing that is known", "broken", false],
])("%s", (_name, error, expected) => {
  expect(isPassing(error)).toBe(expected);
});
