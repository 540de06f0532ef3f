import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { isAsymmetric, type SecretEncoding, type Signature } from "./scheme.ts";

const hmacPrefix = "whsec_";
const privatePrefix = "whsk_";
const publicPrefix = "whpk_";
const hmacKeyBytesMin = 24;
const hmacKeyBytesMax = 64;
const seedBytes = 32;
const secretCharsMax = 256;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** PKCS #8 of an Ed25519 key (RFC 8410), up to its seed. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

/** Gives a new HMAC secret: `whsec_` + base64 of 32 random bytes. Serves every scheme with HMAC. */
export function newSecret(): string {
  return hmacPrefix + randomBytes(32).toString("base64");
}

/** An Ed25519 pair. */
export interface SigningKey {
  /** `whsk_` + base64 of seed and public key, 64 bytes. */
  readonly secret: string;
  /** What receivers verify with: `whpk_` + base64 of 32 bytes. */
  readonly publicKey: string;
}

/** Gives a new Ed25519 pair. */
export function newSigningKey(): SigningKey {
  return signingKeyOf(randomBytes(seedBytes));
}

/** Gives the Ed25519 pair of a seed: 32 bytes that nobody can guess. */
export function signingKeyOf(seed: Uint8Array): SigningKey {
  if (seed.length !== seedBytes) throw new Error(`a seed must have ${seedBytes} bytes`);
  const key = Buffer.concat([pkcs8Head, seed]);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  const jwk = createPublicKey(privateKey).export({ format: "jwk" });
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

/** Checks a secret that someone chose; undefined = it will do for that way to sign. */
export function checkSecret(
  text: string,
  signature: Signature = { scheme: "standard" },
): SecretProblem | undefined {
  const parsed = keyBytes(text, signature);
  return parsed instanceof Uint8Array ? undefined : parsed;
}

function keyBytes(text: string, signature: Signature): Uint8Array | SecretProblem {
  if (isAsymmetric(signature)) return signingBytes(text);
  switch (signature.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return hmacBytes(text);
    case "hmac":
    case "timestamped-hmac":
    case "rfc9421":
      return secretBytes(text, signature.secretEncoding ?? "text");
  }
}

/** Decodes a secret of Standard Webhooks, 24 to 64 bytes: the key, or why it is none. */
export function hmacBytes(text: string): Uint8Array | SecretProblem {
  const bytes = decode(text, hmacPrefix);
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length >= hmacKeyBytesMin && bytes.length <= hmacKeyBytesMax) return bytes;
  return { problem: `secret must hold ${hmacKeyBytesMin} to ${hmacKeyBytesMax} bytes` };
}

/** Turns a secret of another HMAC scheme into its key, which is never empty; or why it is none. */
export function secretBytes(text: string, encoding: SecretEncoding): Uint8Array | SecretProblem {
  const bytes =
    encoding === "text" ? limited(text) : decode(text, hmacPrefix, { isOptional: true });
  if (!(bytes instanceof Uint8Array) || bytes.length > 0) return bytes;
  return { problem: "secret must not be empty" };
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

function limited(text: string): Uint8Array | SecretProblem {
  if (text.length <= secretCharsMax) return Buffer.from(text);
  return { problem: `secret must have at most ${secretCharsMax} characters` };
}

function decode(
  text: string,
  prefix: string,
  { isOptional = false } = {},
): Uint8Array | SecretProblem {
  const checked = limited(text);
  if (!(checked instanceof Uint8Array)) return checked;
  const isPrefixed = text.startsWith(prefix);
  if (!isPrefixed && !isOptional) return { problem: `secret must start with ${prefix}` };
  const body = isPrefixed ? text.slice(prefix.length) : text;
  const bytes = Buffer.from(body, "base64");
  // Buffer skips what it cannot read, and padding bits may differ: only the normal form is taken.
  if (base64.test(body) && bytes.toString("base64") === body) return bytes;
  return { problem: `secret must be standard base64 with padding after ${prefix}` };
}
