import { createHmac, sign as signBytes, verify as verifyBytes } from "node:crypto";
import { hmacKey, signingKey, verifyingKey } from "../key.ts";
import {
  headerOf,
  idProblem,
  type Message,
  missing,
  noMatch,
  type Received,
  timestampProblem,
  type Verification,
} from "../message.ts";
import { isSame } from "../same.ts";
import type { StandardSignature } from "../scheme.ts";

type Scheme = StandardSignature["scheme"];

/** The lower-case names of the three headers of a scheme. */
interface HeaderNames {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

const signatureCountMax = 20;
const standard = {
  id: "webhook-id",
  timestamp: "webhook-timestamp",
  signature: "webhook-signature",
};

/** The headers that each scheme writes and reads. */
export const headerNames: Readonly<Record<Scheme, HeaderNames>> = {
  standard,
  "standard-ed25519": standard,
  svix: { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" },
};

/** The version tag in front of each signature. */
const versionTags: Readonly<Record<Scheme, string>> = {
  standard: "v1",
  "standard-ed25519": "v1a",
  svix: "v1",
};

/** Signs `<id>.<time>.<body>`; several secrets give several signatures, space separated. */
export function signStandard(
  scheme: Scheme,
  { secrets, id, timestampS, body }: Message,
): Record<string, string> {
  const problem = idProblem(id);
  if (problem !== undefined) throw new Error(problem);
  const names = headerNames[scheme];
  const prefix = signedPrefix(id, timestampS);
  const signatures = secrets.map((secret) => signature({ scheme, secret, prefix, body }));
  return {
    [names.id]: id,
    [names.timestamp]: String(timestampS),
    [names.signature]: signatures.join(" "),
  };
}

/** Verifies what signStandard signed. At most 20 signatures are looked at. */
export function verifyStandard(scheme: Scheme, received: Received): Verification {
  const { secrets, headers, body } = received;
  const names = headerNames[scheme];
  const id = headerOf(headers, names.id);
  const timestamp = headerOf(headers, names.timestamp);
  const signatures = headerOf(headers, names.signature);
  if (id === undefined) return missing(names.id);
  if (timestamp === undefined) return missing(names.timestamp);
  if (signatures === undefined) return missing(names.signature);
  const problem = idProblem(id) ?? timestampProblem(timestamp, received);
  if (problem !== undefined) return { problem };
  const message = { scheme, prefix: signedPrefix(id, Number(timestamp)), body };
  const candidates = signaturesOf(signatures, versionTags[scheme]);
  const genuine = secrets.some((secret) => isGenuine(message, secret, candidates));
  return genuine ? { ok: true } : noMatch;
}

/** Gives what stands before the body in the signed bytes. */
function signedPrefix(id: string, timestampS: number): string {
  return `${id}.${timestampS}.`;
}

interface SignedParts {
  readonly scheme: Scheme;
  readonly prefix: string;
  readonly body: Uint8Array;
}

function signature({ scheme, secret, prefix, body }: SignedParts & { secret: string }): string {
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

function signaturesOf(header: string, tag: string): readonly Buffer[] {
  return header
    .split(" ", signatureCountMax)
    .filter((part) => part.startsWith(`${tag},`))
    .map((part) => Buffer.from(part.slice(tag.length + 1), "base64"));
}

function isGenuine(parts: SignedParts, secret: string, candidates: readonly Buffer[]): boolean {
  const { scheme, prefix, body } = parts;
  switch (scheme) {
    case "standard":
    case "svix": {
      const digest = createHmac("sha256", hmacKey(secret)).update(prefix).update(body).digest();
      return candidates.some((candidate) => isSame(candidate, digest));
    }
    case "standard-ed25519": {
      const key = verifyingKey(secret);
      const bytes = Buffer.concat([Buffer.from(prefix), body]);
      return candidates.some((candidate) => verifyBytes(null, bytes, key, candidate));
    }
  }
}
