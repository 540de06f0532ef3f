import { createSecretKey } from "node:crypto";
import { expect, test } from "vitest";
import type { DataKey } from "./data-key.ts";
import { signingSeed } from "./signing-seed.ts";

const dataKeyOf = (byte: number): DataKey => ({
  kind: "data",
  key: createSecretKey(Buffer.alloc(32, byte)),
  version: 1,
});
const dataKey = dataKeyOf(7);
const of = { webhookId: "wh_1", secret: "whsec_abc" };

test("gives the same seed in every process, forever", () => {
  const hex = Buffer.from(signingSeed(dataKey, of)).toString("hex");
  expect(hex).toBe("11228b0f339e4711b9b6b9fe09f55a193403334ba0d4f6be6dcf49ee94d3cf5a");
});

test.each([
  ["provider", dataKeyOf(8), of],
  ["webhook", dataKey, { ...of, webhookId: "wh_2" }],
  ["secret", dataKey, { ...of, secret: "whsec_abd" }],
])("gives another seed for another %s", (_name, otherKey, other) => {
  expect(signingSeed(otherKey, other)).not.toEqual(signingSeed(dataKey, of));
});
