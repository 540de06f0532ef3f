import { expect, test } from "vitest";
import { isAlias } from "./workspace.ts";

test.each([
  { text: "acme", is: true },
  { text: "A.b_c-9", is: true },
  { text: "x".repeat(64), is: true },
  { text: "x".repeat(65), is: false },
  { text: "", is: false },
  { text: "ws_acme", is: false },
  { text: "a b", is: false },
  { text: "acme\n", is: false },
  { text: "ä", is: false },
])("tells that $text may be an alias: $is", ({ text, is }) => {
  expect(isAlias(text)).toBe(is);
});
