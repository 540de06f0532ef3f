import { expect, test } from "vitest";
import type { Signature } from "./signature.ts";
import { signatureProblems } from "./signature-check.ts";

const checkHeader = (name: string) => (name === "Host" ? "header host cannot be set" : undefined);
const hmac = (header: string): Signature => ({ scheme: "HMAC", header });
const timed = (header: string): Signature => ({ scheme: "TIMESTAMPED_HMAC", header });

test.each<[string, Signature[]]>([
  ["nothing", []],
  ["schemes of fixed headers", [{ scheme: "STANDARD" }, { scheme: "SVIX" }]],
  ["both that share a header", [{ scheme: "STANDARD" }, { scheme: "STANDARD_ED25519" }]],
  ["two headers of one scheme", [hmac("X-A"), hmac("X-B"), timed("X-C")]],
  [
    "every option",
    [
      { ...hmac("X-A"), encoding: "BASE64", prefix: "sha256=", secretEncoding: "DECODED" },
      { ...timed("X-B"), secretEncoding: "TEXT" },
      { scheme: "RFC9421", target: "AUTHORITY_AND_PATH", label: "a", tag: "b" },
    ],
  ],
  ["a secret's encoding with HMAC", [{ scheme: "RFC9421", secretEncoding: "DECODED" }]],
  ["Ed25519", [{ scheme: "RFC9421", algorithm: "ED25519" }]],
])("takes %s", (_name, signatures) => {
  expect(signatureProblems(signatures, checkHeader)).toEqual([]);
});

test.each<[string, Signature[], string, string]>([
  ["HMAC without a header", [{ scheme: "HMAC" }], "[0].header", "required by HMAC"],
  ["a time without a header", [{ scheme: "TIMESTAMPED_HMAC" }], "[0].header", "required by TIME"],
  ["a header that is HTTP's", [hmac("Host")], "[0].header", "cannot be set"],
  ["a scheme twice", [{ scheme: "SVIX" }, { scheme: "SVIX" }], "[1].scheme", "named twice"],
  ["RFC 9421 twice", [{ scheme: "RFC9421" }, { scheme: "RFC9421" }], "[1].scheme", "twice"],
  ["a header twice", [hmac("X-A"), timed("x-a")], "[1].header", "x-a is written by signatures[0]"],
  ["HMAC in RFC 9421's", [{ scheme: "RFC9421" }, hmac("Signature")], "[1].header", "signature is"],
  ["RFC 9421 in HMAC's", [hmac("Content-Digest"), { scheme: "RFC9421" }], "[1].scheme", "content-"],
  ["a foreign option", [{ scheme: "STANDARD", header: "X-A" }], "[0].header", "no option of STAND"],
  [
    "a digest's form with a time",
    [{ ...timed("a"), encoding: "HEX" }],
    "[0].encoding",
    "no option",
  ],
  ["a label without RFC 9421", [{ ...hmac("a"), label: "b" }], "[0].label", "no option of HMAC"],
  [
    "Ed25519 with a secret",
    [{ scheme: "RFC9421", algorithm: "ED25519", secretEncoding: "TEXT" }],
    "[0].secretEncoding",
    "has no secret",
  ],
  ["Ed25519 elsewhere", [{ ...hmac("a"), algorithm: "ED25519" }], "[0].algorithm", "no option"],
])("refuses %s", (_name, signatures, field, description) => {
  expect(signatureProblems(signatures, checkHeader)).toEqual([
    { field: `signatures${field}`, description: expect.stringContaining(description) },
  ]);
});
