import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Scheme } from "./scheme.ts";

const hmacPrefix = "whsec_";
const privatePrefix = "whsk_";
const publicPrefix = "whpk_";
const hmacKeyBytesMin = 24;
const hmacKeyBytesMax = 64;
const secretCharsMax = 256;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Gives a new HMAC secret: `whsec_` + base64 of 32 random bytes. Serves `standard` and `svix`. */
export function newSecret(): string {
  return hmacPrefix + randomBytes(32).toString("base64");
}

/**
 * Gives a new Ed25519 pair for `standard-ed25519`: the secret (`whsk_` + base64 of seed and public
 * key, 64 bytes) and what receivers verify with (`whpk_` + base64 of 32 bytes).
 */
export function newSigningKey(): { readonly secret: string; readonly publicKey: string } {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const seed = Buffer.from(jwk.d ?? "", "base64url");
  const point = Buffer.from(jwk.x ?? "", "base64url");
  return {
    secret: privatePrefix + Buffer.concat([seed, point]).toString("base64"),
    publicKey: publicPrefix + point.toString("base64"),
  };
}

/** What is wrong with a secret, in words that never repeat it. */
export interface SecretProblem {
  /** A lower-case sentence without a final stop. */
  readonly problem: string;
}

/** Checks a secret that someone chose; undefined = it will do. HMAC keys have 24 to 64 bytes. */
export function checkSecret(text: string, scheme: Scheme = "standard"): SecretProblem | undefined {
  const parsed = scheme === "standard-ed25519" ? signingBytes(text) : hmacBytes(text);
  return parsed instanceof Uint8Array ? undefined : parsed;
}

/** Decodes an HMAC secret: the key, or why it is none. */
export function hmacBytes(text: string): Uint8Array | SecretProblem {
  const bytes = decode(text, hmacPrefix);
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length >= hmacKeyBytesMin && bytes.length <= hmacKeyBytesMax) return bytes;
  return { problem: `secret must hold ${hmacKeyBytesMin} to ${hmacKeyBytesMax} bytes` };
}

/** Decodes an Ed25519 secret: 32 bytes of seed and 32 of public key, or why it is none. */
export function signingBytes(text: string): Uint8Array | SecretProblem {
  const bytes = decode(text, privatePrefix);
  if (!(bytes instanceof Uint8Array) || bytes.length === 64) return bytes;
  return { problem: "secret must hold 64 bytes: seed and public key" };
}

/** Decodes what an Ed25519 signature is verified with: `whpk_...`, or the secret itself. */
export function verifyingBytes(text: string): Uint8Array | SecretProblem {
  if (text.startsWith(privatePrefix)) {
    const bytes = signingBytes(text);
    return bytes instanceof Uint8Array ? bytes.subarray(32) : bytes;
  }
  const bytes = decode(text, publicPrefix);
  if (!(bytes instanceof Uint8Array) || bytes.length === 32) return bytes;
  return { problem: "public key must hold 32 bytes" };
}

function decode(text: string, prefix: string): Uint8Array | SecretProblem {
  if (text.length > secretCharsMax) {
    return { problem: `secret must have at most ${secretCharsMax} characters` };
  }
  if (!text.startsWith(prefix)) return { problem: `secret must start with ${prefix}` };
  const body = text.slice(prefix.length);
  const bytes = Buffer.from(body, "base64");
  // Buffer skips what it cannot read, and padding bits may differ: only the normal form is taken.
  if (base64.test(body) && bytes.toString("base64") === body) return bytes;
  return { problem: `secret must be standard base64 with padding after ${prefix}` };
}
