import { expect, test } from "vitest";
import { headerProblems, mergeHeaders } from "./headers.ts";

const field = "webhook.headers";
const fine = () => undefined;

test.each([
  { case: "takes what is given", given: { a: "1" }, stored: { b: "2" }, merged: { a: "1" } },
  {
    case: "keeps the stored value where it is masked",
    given: { a: "***", b: "3" },
    stored: { a: "1", b: "2" },
    merged: { a: "1", b: "3" },
  },
  {
    case: "finds the stored value whatever the case of its name",
    given: { "x-key": "***" },
    stored: { "X-Key": "1" },
    merged: { "x-key": "1" },
  },
  {
    case: "leaves a mask that hides nothing",
    given: { a: "***" },
    stored: {},
    merged: { a: "***" },
  },
])("$case", ({ given, stored, merged }) => {
  expect(mergeHeaders(given, stored)).toEqual(merged);
});

test("names the header that is refused, without its value", () => {
  const check = (name: string) => (name === "host" ? "is ours" : undefined);
  const problems = headerProblems({ host: "hush", fine: "hush" }, field, check);
  expect(problems).toEqual([{ field: 'webhook.headers["host"]', description: "is ours" }]);
});

test("refuses a mask that hides nothing", () => {
  const problems = headerProblems({ a: "***" }, field, fine);
  expect(problems).toMatchObject([{ field: 'webhook.headers["a"]' }]);
});

test("refuses one header under two spellings", () => {
  expect(headerProblems({ A: "1", a: "2" }, field, fine)).toMatchObject([{ field }]);
});

test.each([
  { size: 4_096, count: 0 },
  { size: 4_097, count: 1 },
])("finds $count problems in $size bytes", ({ size, count }) => {
  const headers = { a: "x".repeat(size - 1) };
  expect(headerProblems(headers, field, fine)).toHaveLength(count);
});
