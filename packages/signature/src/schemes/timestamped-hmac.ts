import { createHmac } from "node:crypto";
import { secretKey } from "../key.ts";
import {
  headerOf,
  type Message,
  missing,
  noMatch,
  type Received,
  timestampProblem,
  type Verification,
} from "../message.ts";
import { isSameText } from "../same.ts";
import type { TimestampedHmacSignature } from "../scheme.ts";

const partCountMax = 40;
const partForm = /^([a-z][a-z0-9]{0,15})=([^,=]*)$/;

/** Signs `<time>.<body>` with every secret: `t=...,v1=...,v1=...`. */
export function signTimestampedHmac(
  how: TimestampedHmacSignature,
  { secrets, timestampS, body }: Message,
): Record<string, string> {
  const time = String(timestampS);
  const signatures = secrets.map((secret) => `v1=${digest(how, { secret, time, body })}`);
  return { [how.header.toLowerCase()]: [`t=${time}`, ...signatures].join(",") };
}

/** Verifies what signTimestampedHmac signed. At most 40 parts are looked at, others than t and v1 ignored. */
export function verifyTimestampedHmac(
  how: TimestampedHmacSignature,
  received: Received,
): Verification {
  const { secrets, headers, body } = received;
  const name = how.header.toLowerCase();
  const given = headerOf(headers, name);
  if (given === undefined) return missing(name);
  const parts = partsOf(given);
  const [time, ...more] = parts.get("t") ?? [];
  if (time === undefined || more.length > 0) return { problem: "t must be there exactly once" };
  const problem = timestampProblem(time, received);
  if (problem !== undefined) return { problem };
  const candidates = parts.get("v1") ?? [];
  const genuine = secrets.some((secret) => {
    const expected = digest(how, { secret, time, body });
    return candidates.some((candidate) => isSameText(candidate, expected));
  });
  return genuine ? { ok: true } : noMatch;
}

/** Reads the parts of a header by name; what has another form is left out. */
export function partsOf(header: string): ReadonlyMap<string, readonly string[]> {
  const parts = new Map<string, string[]>();
  for (const part of header.split(",", partCountMax)) {
    const [, name, value] = partForm.exec(part) ?? [];
    if (name === undefined || value === undefined) continue;
    parts.set(name, [...(parts.get(name) ?? []), value]);
  }
  return parts;
}

function digest(
  { secretEncoding = "text" }: TimestampedHmacSignature,
  { secret, time, body }: { secret: string; time: string; body: Uint8Array },
): string {
  const hmac = createHmac("sha256", secretKey(secret, secretEncoding));
  return hmac.update(`${time}.`).update(body).digest("hex");
}
