import { expect, test } from "vitest";
import { isStorable, textProblems } from "./storable-text.ts";

test.each([
  { case: "plain text", value: { a: "x", b: ["\n", "😀"], c: { d: "" } }, fields: [] },
  { case: "bytes", value: { a: Uint8Array.of(0) }, fields: [] },
  { case: "numbers and nothing", value: { a: 1, b: 1n, c: undefined, d: null }, fields: [] },
  { case: "U+0000 in a text", value: { a: { b: "x\u0000" } }, fields: ["a.b"] },
  { case: "U+0000 in a list", value: { a: ["x", "\u0000"] }, fields: ["a[1]"] },
  { case: "U+0000 in a key", value: { a: { "k\u0000": 1 } }, fields: ["a"] },
  { case: "half a pair", value: { a: "\ud83d" }, fields: ["a"] },
])("names the places of $case", ({ value, fields }) => {
  expect(textProblems(value, "").map(({ field }) => field)).toEqual(fields);
  expect(isStorable(value)).toBe(fields.length === 0);
});
