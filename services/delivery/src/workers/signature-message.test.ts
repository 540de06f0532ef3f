import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Signature_Algorithm,
  Signature_Encoding,
  Signature_Scheme,
  Signature_SecretEncoding,
  Signature_Target,
  SignatureSchema,
} from "@posthorn/proto/posthorn/type/v1/policy";
import type { Signature } from "@posthorn/signature";
import { expect, test } from "vitest";
import { fromSignature, toSignature } from "./signature-message.ts";

const { DECODED } = Signature_SecretEncoding;

test.each<[string, MessageInitShape<typeof SignatureSchema>, Signature]>([
  ["STANDARD", {}, { scheme: "standard" }],
  ["SVIX", {}, { scheme: "svix" }],
  ["STANDARD_ED25519", {}, { scheme: "standard-ed25519" }],
  [
    "HMAC",
    { header: "X-A" },
    { scheme: "hmac", header: "X-A", encoding: "hex", prefix: "", secretEncoding: "text" },
  ],
  [
    "HMAC",
    {
      header: "X-A",
      encoding: Signature_Encoding.BASE64,
      prefix: "sha256=",
      secretEncoding: DECODED,
    },
    {
      scheme: "hmac",
      header: "X-A",
      encoding: "base64",
      prefix: "sha256=",
      secretEncoding: "decoded",
    },
  ],
  [
    "TIMESTAMPED_HMAC",
    { header: "X-A", secretEncoding: DECODED },
    { scheme: "timestamped-hmac", header: "X-A", secretEncoding: "decoded" },
  ],
  [
    "RFC9421",
    {},
    {
      scheme: "rfc9421",
      algorithm: "hmac-sha256",
      target: "target-uri",
      secretEncoding: "text",
    },
  ],
  [
    "RFC9421",
    {
      algorithm: Signature_Algorithm.ED25519,
      target: Signature_Target.AUTHORITY_AND_PATH,
      label: "acme",
      tag: "hook",
    },
    {
      scheme: "rfc9421",
      algorithm: "ed25519",
      target: "authority-and-path",
      secretEncoding: "text",
      label: "acme",
      tag: "hook",
    },
  ],
])("reads %s %j, and writes it", (scheme, options, signature) => {
  const number = Signature_Scheme[scheme as keyof typeof Signature_Scheme];
  expect(toSignature(create(SignatureSchema, { scheme: number, ...options }))).toEqual(signature);
  expect(toSignature(fromSignature(signature))).toEqual(signature);
});

test("reads every scheme that the proto names, and no other", () => {
  const known = Object.values(Signature_Scheme).map((scheme) => {
    return toSignature(create(SignatureSchema, { scheme, header: "X-A" })).scheme;
  });
  expect(new Set(known).size).toBe(6);
  const next = create(SignatureSchema, { scheme: 99 as Signature_Scheme });
  expect(() => toSignature(next)).toThrow("signature scheme 99 is newer than this process");
});
