import { createSecretKey } from "node:crypto";
import { expect, test } from "vitest";
import { keyCache } from "./key-cache.ts";

function setup(countMax: number) {
  const made: string[] = [];
  const cache = keyCache((secret) => {
    made.push(secret);
    return createSecretKey(Buffer.from(secret));
  }, countMax);
  return { made, cache };
}

test("makes a key once", () => {
  const { made, cache } = setup(2);
  expect(cache.get("a")).toBe(cache.get("a"));
  expect(made).toEqual(["a"]);
});

test("drops the least recently used key when it is full", () => {
  const { made, cache } = setup(2);
  for (const secret of ["a", "b", "a", "c", "a", "b"]) cache.get(secret);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test("never holds more than its bound", () => {
  const { cache } = setup(10);
  for (let index = 0; index < 1_000; index++) cache.get(`secret ${index}`);
  expect(cache.size).toBe(10);
});
