import { createHash } from "node:crypto";

/**
 * Gives a UUIDv7 of that time whose other bits come from the seed: whoever acts twice on one thing
 * names it the same.
 */
export function derivedUuid(seed: string, at: Date): string {
  const time = at.getTime().toString(16).padStart(12, "0");
  const hash = createHash("sha256").update(seed).digest("hex");
  const variant = (0x8 | (Number.parseInt(hash.slice(0, 1), 16) & 0x3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(1, 4)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
