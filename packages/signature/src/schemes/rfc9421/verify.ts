import { createHmac, verify as verifyBytes } from "node:crypto";
import { secretKey, verifyingKey } from "../../key.ts";
import {
  headerLines,
  noMatch,
  type Received,
  type Request,
  timestampProblem,
  type Verification,
} from "../../message.ts";
import { isSame } from "../../same.ts";
import type { Rfc9421Signature } from "../../scheme.ts";
import { isDigestOf } from "./content-digest.ts";
import { componentsOf, signatureBase, signedUrl } from "./signature-base.ts";
import { parseSignatureInput, type SignatureInput } from "./signature-input.ts";
import { parseBytes, parseDictionary, writeString } from "./structured-field.ts";

/**
 * Verifies a signature of ours, or one that covers as much: by its label, with `created` in time,
 * over everything that componentsOf names. Others of the same message are not looked at.
 */
export function verifyRfc9421(
  how: Rfc9421Signature,
  received: Received,
  request: Request,
): Verification {
  const { label = "sig1" } = how;
  const params = parseDictionary(headerLines(received.headers, "signature-input"))?.get(label);
  const signature = parseBytes(
    parseDictionary(headerLines(received.headers, "signature"))?.get(label),
  );
  if (params === undefined || signature === undefined) {
    return { problem: `signature-input and signature must hold ${label}` };
  }
  const input = parseSignatureInput(params);
  if (input === undefined) return { problem: `${label} is not in the form that is signed` };
  const url = signedUrl(request);
  const problem =
    parameterProblem(how, received, input) ?? coverageProblem(componentsOf(how, url), input);
  if (problem !== undefined) return { problem };
  if (!isDigestOf(headerLines(received.headers, "content-digest"), received.body)) {
    return { problem: "content-digest is not the body's" };
  }
  const covered = { components: input.components, params };
  const base = signatureBase(covered, { method: request.method, url }, (name) =>
    combined(headerLines(received.headers, name)),
  );
  if (typeof base !== "string") return base;
  const isGenuine = received.secrets.some((secret) => isSignatureOf(how, secret, base, signature));
  return isGenuine ? { ok: true } : noMatch;
}

function parameterProblem(
  { algorithm = "hmac-sha256", tag }: Rfc9421Signature,
  received: Received,
  { parameters }: SignatureInput,
): string | undefined {
  const alg = parameters.get("alg");
  if (alg !== undefined && alg !== writeString(algorithm)) return `alg must be ${algorithm}`;
  const isTagged = tag === undefined || parameters.get("tag") === writeString(tag);
  if (!isTagged) return `tag must be ${tag}`;
  const expires = parameters.get("expires");
  if (expires !== undefined && !(received.nowS <= Number(expires))) return "signature has expired";
  return timestampProblem(parameters.get("created") ?? "", received);
}

function coverageProblem(wanted: readonly string[], input: SignatureInput): string | undefined {
  const uncovered = wanted.find((component) => !input.components.includes(component));
  return uncovered === undefined ? undefined : `${uncovered} must be covered`;
}

/** Several lines of a header are one value (RFC 9421, section 2.1). */
function combined(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.map((line) => line.trim()).join(", ");
}

function isSignatureOf(
  { algorithm = "hmac-sha256", secretEncoding = "text" }: Rfc9421Signature,
  secret: string,
  base: string,
  signature: Buffer,
): boolean {
  switch (algorithm) {
    case "hmac-sha256": {
      const hmac = createHmac("sha256", secretKey(secret, secretEncoding));
      return isSame(signature, hmac.update(base).digest());
    }
    case "ed25519":
      return verifyBytes(null, Buffer.from(base), verifyingKey(secret), signature);
  }
}
