import { expect, test } from "vitest";
import { checkSecret, newSecret, newSigningKey } from "./secret.ts";

const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;

test("makes secrets of 32 random bytes that pass its own check", () => {
  const secret = newSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(checkSecret(secret)).toBeUndefined();
  expect(newSecret()).not.toBe(secret);
});

test("makes Ed25519 pairs that pass its own check", () => {
  const { secret, publicKey } = newSigningKey();
  expect(checkSecret(secret, "standard-ed25519")).toBeUndefined();
  expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
});

test.each([
  ["24 bytes, the least", of(24)],
  ["64 bytes, the most", of(64)],
  ["the specification's sample", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
])("takes %s", (_name, secret) => {
  expect(checkSecret(secret)).toBeUndefined();
});

test.each([
  ["nothing", "", "start with whsec_"],
  ["another prefix", `whsk_${Buffer.alloc(64).toString("base64")}`, "start with whsec_"],
  ["too few bytes", of(23), "24 to 64 bytes"],
  ["too many bytes", of(65), "24 to 64 bytes"],
  ["no padding", of(32).replace("=", ""), "base64"],
  ["base64url", `whsec_${"-_".repeat(16)}`, "base64"],
  ["a blank inside", `${of(24)} `, "base64"],
  ["stray padding bits", `whsec_${"A".repeat(33)}B==`, "base64"],
  ["endless text", `whsec_${"A".repeat(1_000)}`, "at most 256 characters"],
])("refuses %s", (_name, secret, problem) => {
  expect(checkSecret(secret)?.problem).toContain(problem);
});

test("never repeats a refused secret", () => {
  expect(checkSecret("whsec_hunter2")?.problem).not.toContain("hunter2");
});
