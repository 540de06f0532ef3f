import { expect, test } from "vitest";
import { bareProvider } from "./provider.ts";
import { secretProblem } from "./secret-check.ts";
import type { Signature } from "./signature.ts";

const hmac: Signature = { scheme: "HMAC", header: "x-a" };
const decoded: Signature = { ...hmac, secretEncoding: "DECODED" };
const whsec = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
const problemOf = (signatures: Signature[], secret: string) =>
  secretProblem({ ...bareProvider("acme"), signatures }, secret);

test.each<[string, Signature[], string]>([
  ["base64 of 24 bytes", [], whsec(24)],
  ["base64 of 64 bytes", [], whsec(64)],
  ["16 characters where they are the key as they stand", [hmac], "QWZTFnMEXhqZKNmu"],
  ["8 characters, the fewest", [hmac], "12345678"],
  ["256 characters, the most", [hmac], "x".repeat(256)],
  ["what text and bytes both take", [hmac, { scheme: "STANDARD" }], whsec(24)],
])("takes %s", (_name, signatures, secret) => {
  expect(problemOf(signatures, secret)).toBeUndefined();
});

test.each<[string, Signature[], string, string]>([
  ["text where bytes are the key", [], "QWZTFnMEXhqZKNmu", "whsec_"],
  ["text where one signature takes bytes", [hmac, decoded], "QWZTFnMEXhqZKNmu", "whsec_"],
  ["23 bytes", [decoded], whsec(23), "24 to 64"],
  ["7 characters", [hmac], "1234567", "8 to 256"],
  ["257 characters", [hmac], "x".repeat(257), "8 to 256"],
  ["what is no ASCII", [hmac], "geheimnißvoll", "ASCII"],
  ["a line break", [hmac], "12345678\n", "ASCII"],
])("refuses %s", (_name, signatures, secret, problem) => {
  expect(problemOf(signatures, secret)).toContain(problem);
});
