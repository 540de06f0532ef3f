import { hkdfSync } from "node:crypto";
import type { DataKey } from "./data-key.ts";

const seedBytes = 32;

/**
 * Gives the seed of a webhook's Ed25519 key: 32 bytes that follow from the provider's data key, the
 * webhook and its signing secret (HKDF-SHA256, RFC 5869: the secret is the salt), the same in every
 * process. Another secret gives unrelated bytes; whoever knows the secret alone learns nothing.
 */
export function signingSeed(
  dataKey: DataKey,
  { webhookId, secret }: { readonly webhookId: string; readonly secret: string },
): Uint8Array {
  const info = `posthorn ed25519 seed: ${webhookId}`;
  return new Uint8Array(hkdfSync("sha256", dataKey.key, Buffer.from(secret), info, seedBytes));
}
