import { createHmac, sign as signBytes } from "node:crypto";
import { hmacKey, signingKey } from "./key.ts";
import { idProblem, parseTimestamp, signedPrefix } from "./message.ts";
import { headerNames, type Scheme, versionTags } from "./scheme.ts";

/** One message to sign. */
export interface SignOptions {
  readonly scheme: Scheme;
  /** At least one; each adds a signature, newest first, so that receivers may hold any of them. */
  readonly secrets: readonly string[];
  /** The event's id: visible characters without a dot. */
  readonly id: string;
  /** Whole seconds since 1970, of the attempt. */
  readonly timestampS: number;
  /** Exactly the bytes that are sent. */
  readonly body: Uint8Array;
}

/**
 * Signs a message: header name (lower case) -> value, three headers; several secrets give several
 * signatures in one header, space separated. Throws a plain Error, which repeats no secret, when
 * there is no secret or one is malformed.
 */
export function sign(options: SignOptions): Record<string, string> {
  const { scheme, secrets, id, timestampS, body } = options;
  check(options);
  const names = headerNames[scheme];
  const prefix = signedPrefix(id, timestampS);
  const signatures = secrets.map((secret) => signature({ scheme, secret, prefix, body }));
  return {
    [names.id]: id,
    [names.timestamp]: String(timestampS),
    [names.signature]: signatures.join(" "),
  };
}

function check({ secrets, id, timestampS }: SignOptions): void {
  if (secrets.length === 0) throw new Error("cannot sign without a secret");
  const problem = idProblem(id);
  if (problem !== undefined) throw new Error(problem);
  if (parseTimestamp(String(timestampS)) === undefined) {
    throw new Error("timestamp must be whole seconds since 1970");
  }
}

function signature(options: {
  scheme: Scheme;
  secret: string;
  prefix: string;
  body: Uint8Array;
}): string {
  const { scheme, secret, prefix, body } = options;
  return `${versionTags[scheme]},${digest()}`;

  function digest(): string {
    switch (scheme) {
      case "standard":
      case "svix":
        return createHmac("sha256", hmacKey(secret)).update(prefix).update(body).digest("base64");
      case "standard-ed25519": {
        const bytes = Buffer.concat([Buffer.from(prefix), body]);
        return signBytes(null, bytes, signingKey(secret)).toString("base64");
      }
    }
  }
}
