import { createHmac, timingSafeEqual, verify as verifyBytes } from "node:crypto";
import { hmacKey, verifyingKey } from "./key.ts";
import { idProblem, parseTimestamp, signedPrefix } from "./message.ts";
import { headerNames, type Scheme, versionTags } from "./scheme.ts";

const signatureCountMax = 20;

/** A message as it came. */
export interface VerifyOptions {
  readonly scheme: Scheme;
  /** Any of them may have signed. `whsec_` for HMAC; `whpk_` or `whsk_` for Ed25519. */
  readonly secrets: readonly string[];
  /** In any letter case; others than the scheme's three are ignored. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Exactly the bytes that came, before any parsing. */
  readonly body: Uint8Array;
  /** Now, in seconds since 1970. */
  readonly nowS: number;
  /** How far the timestamp may lie from now, either way. Default 300. */
  readonly toleranceS?: number;
}

/** Whether a message is genuine, or why not. */
export type Verification = { readonly ok: true } | { readonly problem: string };

/**
 * Verifies a message. A bad message is a value; a malformed secret throws, since it is ours.
 * Signatures are compared in constant time; at most 20 of them are looked at. It remembers no
 * ids: refusing replays within the tolerance is the receiver's part.
 */
export function verify(options: VerifyOptions): Verification {
  const { scheme, secrets, headers, body, nowS, toleranceS = 300 } = options;
  const names = headerNames[scheme];
  const id = headerOf(headers, names.id);
  const timestamp = headerOf(headers, names.timestamp);
  const signatures = headerOf(headers, names.signature);
  if (id === undefined) return missing(names.id);
  if (timestamp === undefined) return missing(names.timestamp);
  if (signatures === undefined) return missing(names.signature);
  const problem = idProblem(id) ?? timestampProblem(timestamp, nowS, toleranceS);
  if (problem !== undefined) return { problem };
  const message = { scheme, prefix: signedPrefix(id, Number(timestamp)), body };
  const candidates = signaturesOf(signatures, versionTags[scheme]);
  const genuine = secrets.some((secret) => isGenuine(message, secret, candidates));
  return genuine ? { ok: true } : { problem: "no signature matches" };
}

function headerOf(headers: VerifyOptions["headers"], wanted: string): string | undefined {
  const exact = headers[wanted];
  if (typeof exact === "string") return exact;
  const values = Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === wanted)
    .flatMap(([, value]) => value ?? []);
  return values.length === 1 ? values[0] : undefined;
}

function missing(name: string): Verification {
  return { problem: `header ${name} must be there exactly once` };
}

function timestampProblem(text: string, nowS: number, toleranceS: number): string | undefined {
  const timestampS = parseTimestamp(text);
  if (timestampS === undefined) return "timestamp must be whole seconds since 1970";
  // Written so that a NaN in either number refuses.
  if (!(nowS - timestampS <= toleranceS)) return "timestamp is too old";
  if (!(timestampS - nowS <= toleranceS)) return "timestamp is too far in the future";
  return undefined;
}

function signaturesOf(header: string, tag: string): readonly Buffer[] {
  return header
    .split(" ", signatureCountMax)
    .filter((part) => part.startsWith(`${tag},`))
    .map((part) => Buffer.from(part.slice(tag.length + 1), "base64"));
}

interface Message {
  readonly scheme: Scheme;
  readonly prefix: string;
  readonly body: Uint8Array;
}

function isGenuine(message: Message, secret: string, candidates: readonly Buffer[]): boolean {
  const { scheme, prefix, body } = message;
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

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
