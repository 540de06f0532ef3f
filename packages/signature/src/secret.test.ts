import { expect, test } from "vitest";
import { checkSecret, newSecret, newSigningKey, signingKeyOf } from "./secret.ts";

const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;

test("makes secrets of 32 random bytes that pass its own check", () => {
  const secret = newSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(checkSecret(secret)).toBeUndefined();
  expect(newSecret()).not.toBe(secret);
});

test("makes Ed25519 pairs that pass its own check", () => {
  const { secret, publicKey } = newSigningKey();
  expect(checkSecret(secret, { scheme: "standard-ed25519" })).toBeUndefined();
  expect(checkSecret(secret, { scheme: "rfc9421", algorithm: "ed25519" })).toBeUndefined();
  expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
});

test("gives the pair of a seed as RFC 8032 has it (section 7.1, test 1)", () => {
  const hex = (text: string) => Buffer.from(text, "hex");
  const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const point = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  expect(signingKeyOf(seed)).toEqual({
    secret: `whsk_${Buffer.concat([seed, point]).toString("base64")}`,
    publicKey: `whpk_${point.toString("base64")}`,
  });
  expect(() => signingKeyOf(seed.subarray(1))).toThrow("32 bytes");
});

const hmac = { scheme: "hmac", header: "x-signature" } as const;
const decoded = { ...hmac, secretEncoding: "decoded" } as const;
const rfc9421 = { scheme: "rfc9421", secretEncoding: "decoded" } as const;

test.each([
  ["any text", "QWZTFnMEXhqZKNmu", hmac],
  ["a generated secret as text", of(32), hmac],
  ["base64 after whsec_", of(16), decoded],
  ["base64 alone", "QWZTFnMEXhqZKNmu", decoded],
  ["base64 for rfc9421", of(32), rfc9421],
] as const)("takes %s where HMAC takes any key", (_name, secret, signature) => {
  expect(checkSecret(secret, signature)).toBeUndefined();
});

test.each([
  ["nothing", "", hmac, "empty"],
  ["nothing after whsec_", "whsec_", decoded, "empty"],
  ["what is no base64", "not base64!", decoded, "base64"],
  ["endless text", "x".repeat(257), hmac, "at most 256"],
  ["an HMAC secret for Ed25519", of(32), { scheme: "rfc9421", algorithm: "ed25519" }, "whsk_"],
] as const)("refuses %s all the same", (_name, secret, signature, problem) => {
  expect(checkSecret(secret, signature)?.problem).toContain(problem);
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
