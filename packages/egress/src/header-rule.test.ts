import { expect, test } from "vitest";
import { rowsOf } from "../test/ssrf-table.ts";
import { checkHeader } from "./header-rule.ts";

const inputs = new Map(rowsOf("H").map(({ id, input }) => [id, input]));

function namesOf(id: string): string[] {
  return (inputs.get(id) ?? "")
    .split(", ")
    .flatMap((name) => [name.replace(/\(.*\)/, ""), name.replace(/[()]/g, "")])
    .map((name) => name.replace("*", "anything"));
}

test.each([...namesOf("H02"), ...namesOf("H05"), ...namesOf("H06")])("%s cannot be set", (name) => {
  expect(checkHeader(name, "1")).toBe(`header ${name.toLowerCase()} cannot be set`);
  expect(checkHeader(name.toUpperCase(), "1")).toMatch(/cannot be set$/);
});

test.each(["Host", "Metadata", "svix-signature", "traceparent", "Proxy-Connection", "X-Real-IP"])(
  "%s cannot be set either",
  (name) => {
    expect(checkHeader(name, "1")).toMatch(/cannot be set$/);
  },
);

test.each([
  ["H03, a second header", "a\r\nHost: evil"],
  ["H07, NUL", "a\0"],
  ["H07, Latin-1", "é"],
  ["H07, beyond", "✓"],
  ["a line feed alone", "a\nb"],
  ["DEL", "a\x7f"],
])("a value with %s is refused", (_name, value) => {
  expect(checkHeader("X-A", value)).toBe("value must be ASCII without control characters");
});

test.each(["", "X A", "X-A:", "X-A\r\n", "X-Ä", "X(A)", "a".repeat(129)])(
  "H04: %j is no name",
  (name) => {
    expect(checkHeader(name, "1")).toMatch(/^name must be/);
  },
);

test.each([
  ["Authorization", "Bearer abc"],
  ["X-Api-Key", "a\tb"],
  ["X-Empty", ""],
  ["Cookie", "a=b; c=d"],
  ["X-Amzn-Trace", "1"],
])("H09: %s may be set", (name, value) => {
  expect(checkHeader(name, value)).toBeUndefined();
});

test("a value has at most 4,096 characters and no white space around it", () => {
  expect(checkHeader("X-A", "a".repeat(4_096))).toBeUndefined();
  expect(checkHeader("X-A", "a".repeat(4_097))).toMatch(/at most 4096/);
  expect(checkHeader("X-A", " a")).toMatch(/white space/);
});

test.each([
  ["Host", "hunter2"],
  ["X-A", "hunter2\0"],
  ["X A", "hunter2"],
])("never repeats the value: %s", (name, value) => {
  expect(checkHeader(name, value)).not.toContain("hunter2");
});

test("covers every row of the table", () => {
  expect([...inputs.keys()]).toEqual(["H02", "H03", "H04", "H05", "H06", "H07", "H09"]);
});
