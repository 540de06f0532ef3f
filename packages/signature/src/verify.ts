import type { Received, Request, Verification } from "./message.ts";
import type { Rfc9421Signature, Signature } from "./scheme.ts";
import { verifyHmac } from "./schemes/hmac.ts";
import { verifyRfc9421 } from "./schemes/rfc9421/verify.ts";
import { verifyStandard } from "./schemes/standard.ts";
import { verifyTimestampedHmac } from "./schemes/timestamped-hmac.ts";

interface ReceivedMessage extends Omit<Received, "toleranceS"> {
  /** How far the timestamp may lie from now, either way. Default 300; `hmac` has no timestamp. */
  readonly toleranceS?: number;
}

/**
 * A message as it came, and how it must be signed. Secrets are those of signing; for Ed25519 the
 * public key (`whpk_`) will do. The request is what `rfc9421` covers; others pass over it.
 */
export type VerifyOptions =
  | (Exclude<Signature, Rfc9421Signature> & ReceivedMessage & { readonly request?: Request })
  | (Rfc9421Signature & ReceivedMessage & { readonly request: Request });

/**
 * Verifies a message. A bad message is a value; a malformed secret throws, since it is ours.
 * Signatures are compared in constant time. It remembers no ids: refusing replays within the
 * tolerance is the receiver's part.
 */
export function verify(options: VerifyOptions): Verification {
  const received = { ...options, toleranceS: options.toleranceS ?? 300 };
  switch (options.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return verifyStandard(options.scheme, received);
    case "hmac":
      return verifyHmac(options, received);
    case "timestamped-hmac":
      return verifyTimestampedHmac(options, received);
    case "rfc9421":
      return verifyRfc9421(options, received, options.request);
  }
}
