import { type Message, parseTimestamp, type SignedRequest } from "./message.ts";
import type { Rfc9421Signature, Signature } from "./scheme.ts";
import { signHmac } from "./schemes/hmac.ts";
import { signRfc9421 } from "./schemes/rfc9421/sign.ts";
import { signStandard } from "./schemes/standard.ts";
import { signTimestampedHmac } from "./schemes/timestamped-hmac.ts";

/** One message to sign, and how. The request is what `rfc9421` covers; others pass over it. */
export type SignOptions =
  | (Exclude<Signature, Rfc9421Signature> & Message & { readonly request?: SignedRequest })
  | (Rfc9421Signature & Message & { readonly request: SignedRequest });

/**
 * Signs a message: header name (lower case) -> value. Throws a plain Error, which repeats no
 * secret, when there is no secret or one is malformed.
 */
export function sign(options: SignOptions): Record<string, string> {
  if (options.secrets.length === 0) throw new Error("cannot sign without a secret");
  if (parseTimestamp(String(options.timestampS)) === undefined) {
    throw new Error("timestamp must be whole seconds since 1970");
  }
  switch (options.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return signStandard(options.scheme, options);
    case "hmac":
      return signHmac(options, options);
    case "timestamped-hmac":
      return signTimestampedHmac(options, options);
    case "rfc9421":
      return signRfc9421(options, options, options.request);
  }
}

/** One of several ways to sign a message, with its secrets. */
export type Signing = Signature & Pick<Message, "secrets">;

/**
 * Signs a message in several ways at once. `standard` and `standard-ed25519` share their headers:
 * their signatures stand side by side. Others that write the same header are the caller's mistake.
 */
export function signAll(
  signings: readonly Signing[],
  message: Omit<Message, "secrets"> & { readonly request: SignedRequest },
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const signing of signings) {
    const before = headers[shared];
    Object.assign(headers, sign({ ...signing, ...message }));
    const after = headers[shared];
    if (before !== undefined && before !== after) headers[shared] = `${before} ${after}`;
  }
  return headers;
}

const shared = "webhook-signature";
