import { expect, test } from "vitest";
import { targetCache } from "./target-cache.ts";

test("checks a URL once, and forgets what was asked least recently when it is full", () => {
  const checked: string[] = [];
  const targetOf = targetCache((url) => {
    checked.push(url);
    return { problem: url };
  }, 4);
  for (const url of ["a", "b", "c", "a", "d", "e", "a", "b"]) {
    expect(targetOf(url)).toEqual({ problem: url });
  }
  expect(checked).toEqual(["a", "b", "c", "d", "e", "b"]);
});
