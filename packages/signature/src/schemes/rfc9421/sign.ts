import { createHmac, sign as signBytes } from "node:crypto";
import { secretKey, signingKey } from "../../key.ts";
import { idProblem, type Message, type SignedRequest } from "../../message.ts";
import type { Rfc9421Signature } from "../../scheme.ts";
import { contentDigest } from "./content-digest.ts";
import { componentsOf, signatureBase, signedUrl } from "./signature-base.ts";
import { writeSignatureInput } from "./signature-input.ts";
import { writeBytes } from "./structured-field.ts";

/**
 * Signs a request with the first secret: a message may carry several signatures, but verifiers
 * disagree on which of them must hold.
 */
export function signRfc9421(
  how: Rfc9421Signature,
  { secrets: [secret = ""], id, timestampS, body }: Message,
  request: SignedRequest,
): Record<string, string> {
  const problem = idProblem(id);
  if (problem !== undefined) throw new Error(problem);
  const { algorithm = "hmac-sha256", label = "sig1", tag } = how;
  const headers = {
    "content-digest": contentDigest(body),
    "content-type": request.contentType,
    "webhook-id": id,
  };
  const url = signedUrl(request);
  const components = componentsOf(how, url);
  const { keyId: keyid, method } = request;
  const parameters = { created: timestampS, keyid, alg: algorithm, tag };
  const params = writeSignatureInput(components, parameters);
  const values = new Map(Object.entries(headers));
  const base = signatureBase({ components, params }, { method, url }, (name) => values.get(name));
  if (typeof base !== "string") throw new Error(base.problem);
  return {
    ...headers,
    "signature-input": `${label}=${params}`,
    signature: `${label}=${writeBytes(signatureOf(how, secret, base))}`,
  };
}

function signatureOf(how: Rfc9421Signature, secret: string, base: string): Buffer {
  const { algorithm = "hmac-sha256", secretEncoding = "text" } = how;
  switch (algorithm) {
    case "hmac-sha256":
      return createHmac("sha256", secretKey(secret, secretEncoding)).update(base).digest();
    case "ed25519":
      return signBytes(null, Buffer.from(base), signingKey(secret));
  }
}
