/**
 * How a message is signed. `standard` and `standard-ed25519` are Standard Webhooks v1 and v1a
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
 * `svix` is v1 under Svix's header names, `rfc9421` is HTTP Message Signatures.
 */
export type Signature =
  | StandardSignature
  | HmacSignature
  | TimestampedHmacSignature
  | Rfc9421Signature;

/** The name of a way to sign. */
export type Scheme = Signature["scheme"];

/** Id, time and signatures in three headers of fixed names. */
export interface StandardSignature {
  readonly scheme: "standard" | "standard-ed25519" | "svix";
}

/** HMAC-SHA256 of the body alone, in one header. It covers no time, so a copy stays good forever. */
export interface HmacSignature {
  readonly scheme: "hmac";
  /** The header's name; written in lower case. */
  readonly header: string;
  /** Default `hex`: 64 lower-case digits. */
  readonly encoding?: "hex" | "base64";
  /** What stands before the digest, such as `sha256=`. Default: nothing. */
  readonly prefix?: string;
  readonly secretEncoding?: SecretEncoding;
}

/** HMAC-SHA256 of `<time>.<body>`: `t=1614265330,v1=<hex>`, with one `v1` for each secret. */
export interface TimestampedHmacSignature {
  readonly scheme: "timestamped-hmac";
  /** The header's name; written in lower case. */
  readonly header: string;
  readonly secretEncoding?: SecretEncoding;
}

/** RFC 9421 over method, target, body (by RFC 9530's `content-digest`), content type and id. */
export interface Rfc9421Signature {
  readonly scheme: "rfc9421";
  /** Default `hmac-sha256`. */
  readonly algorithm?: "hmac-sha256" | "ed25519";
  /**
   * What of the URL is covered: all of it (default), or authority, path and query, for receivers
   * that do not see whether a proxy in front of them was spoken to by https.
   */
  readonly target?: "target-uri" | "authority-and-path";
  /** Which signature of the message it is. Default `sig1`. */
  readonly label?: string;
  /** The parameter `tag`: whose signature it is. Default: left out. */
  readonly tag?: string;
  /** Of `hmac-sha256`. */
  readonly secretEncoding?: SecretEncoding;
}

/**
 * How a secret is the key: its whole `text` as UTF-8 (default), or what its base64 `decoded` gives,
 * without `whsec_` before it.
 */
export type SecretEncoding = "text" | "decoded";

/** What a private key signs and a public one verifies. */
export function isAsymmetric(signature: Signature): boolean {
  if (signature.scheme === "rfc9421") return signature.algorithm === "ed25519";
  return signature.scheme === "standard-ed25519";
}

/** Whether old and new secret can sign side by side; else the first secret signs alone. */
export function takesSeveral({ scheme }: Signature): boolean {
  return scheme !== "hmac" && scheme !== "rfc9421";
}
