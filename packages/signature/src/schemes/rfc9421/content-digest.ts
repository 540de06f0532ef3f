import { createHash } from "node:crypto";
import { isSame } from "../../same.ts";
import { parseBytes, parseDictionary, writeBytes } from "./structured-field.ts";

/** Gives the header `content-digest` of a body (RFC 9530), by SHA-256. */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=${writeBytes(sha256(body))}`;
}

/** Tells whether a `content-digest` (its lines) is of a body; only SHA-256 is looked at. */
export function isDigestOf(lines: readonly string[], body: Uint8Array): boolean {
  const given = parseBytes(parseDictionary(lines)?.get("sha-256"));
  return given !== undefined && isSame(given, sha256(body));
}

function sha256(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest();
}
