import { createHmac } from "node:crypto";
import { secretKey } from "../key.ts";
import {
  headerOf,
  type Message,
  missing,
  noMatch,
  type Received,
  type Verification,
} from "../message.ts";
import { isSameText } from "../same.ts";
import type { HmacSignature } from "../scheme.ts";

/** Signs the body with the first secret: the header has room for one value. */
export function signHmac(
  how: HmacSignature,
  { secrets: [secret = ""], body }: Message,
): Record<string, string> {
  return { [how.header.toLowerCase()]: headerValue(how, secret, body) };
}

/** Verifies what signHmac signed, character by character. */
export function verifyHmac(how: HmacSignature, { secrets, headers, body }: Received): Verification {
  const name = how.header.toLowerCase();
  const given = headerOf(headers, name);
  if (given === undefined) return missing(name);
  const genuine = secrets.some((secret) => isSameText(given, headerValue(how, secret, body)));
  return genuine ? { ok: true } : noMatch;
}

function headerValue(
  { encoding = "hex", prefix = "", secretEncoding = "text" }: HmacSignature,
  secret: string,
  body: Uint8Array,
): string {
  const hmac = createHmac("sha256", secretKey(secret, secretEncoding));
  return prefix + hmac.update(body).digest(encoding);
}
