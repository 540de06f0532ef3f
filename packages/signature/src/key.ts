import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { keyCache } from "./key-cache.ts";
import type { SecretEncoding } from "./scheme.ts";
import {
  hmacBytes,
  type SecretProblem,
  secretBytes,
  signingBytes,
  verifyingBytes,
} from "./secret.ts";

const keyCountMax = 4_096;
const hmacKeys = keyCache((text) => createSecretKey(bytesOf(hmacBytes(text))), keyCountMax);
const secretKeys = {
  text: keyCache((text) => createSecretKey(bytesOf(secretBytes(text, "text"))), keyCountMax),
  decoded: keyCache((text) => createSecretKey(bytesOf(secretBytes(text, "decoded"))), keyCountMax),
};
const signingKeys = keyCache(makeSigningKey, keyCountMax);
const verifyingKeys = keyCache(makeVerifyingKey, keyCountMax);

/** Gives the HMAC key of a `whsec_` secret. Throws a plain Error when it is malformed. */
export function hmacKey(secret: string): KeyObject {
  return hmacKeys.get(secret);
}

/** Gives the HMAC key of any secret. Throws a plain Error when it is empty or cannot be decoded. */
export function secretKey(secret: string, encoding: SecretEncoding): KeyObject {
  return secretKeys[encoding].get(secret);
}

/** Gives the private key of a `whsk_` secret. Throws a plain Error when it is malformed. */
export function signingKey(secret: string): KeyObject {
  return signingKeys.get(secret);
}

/** Gives the public key of a `whpk_` or `whsk_` text. Throws a plain Error when it is malformed. */
export function verifyingKey(text: string): KeyObject {
  return verifyingKeys.get(text);
}

function makeSigningKey(secret: string): KeyObject {
  const bytes = Buffer.from(bytesOf(signingBytes(secret)));
  const d = bytes.subarray(0, 32).toString("base64url");
  const x = bytes.subarray(32).toString("base64url");
  return createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" });
}

function makeVerifyingKey(text: string): KeyObject {
  const x = Buffer.from(bytesOf(verifyingBytes(text))).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function bytesOf(parsed: Uint8Array | SecretProblem): Uint8Array {
  if (parsed instanceof Uint8Array) return parsed;
  throw new Error(parsed.problem);
}
