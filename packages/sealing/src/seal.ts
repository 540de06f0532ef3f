import { boxOverheadBytes, closeBox, openBox } from "./box.ts";
import type { DataKey } from "./data-key.ts";

const formatVersion = 1;
const headBytes = 2;

/** How many bytes a sealed value is longer than its plaintext. */
export const sealOverheadBytes = headBytes + boxOverheadBytes;

/**
 * Seals a value with AES-256-GCM: format version, key version, nonce, ciphertext, tag. The context
 * says what it is and whose, such as `secret:wh_...`; it opens only under the same one, so a sealed
 * value copied into another row is useless. Sealing twice gives different bytes.
 */
export function seal(dataKey: DataKey, plaintext: Uint8Array, context: string): Uint8Array {
  const head = Buffer.of(formatVersion, dataKey.version);
  return closeBox({ key: dataKey.key, head, plaintext, context });
}

/**
 * Opens what `seal` made. Throws a plain Error, which holds nothing of the content, on another key,
 * another context or a single changed bit.
 */
export function open(dataKey: DataKey, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed[0] !== formatVersion) throw new Error("sealed value has an unknown format");
  if (sealed[1] !== dataKey.version) {
    throw new Error(`sealed value needs data key ${sealed[1]}, not ${dataKey.version}`);
  }
  const plaintext = openBox({ key: dataKey.key, headBytes, box: sealed, context });
  if (plaintext === undefined) {
    throw new Error("sealed value does not open: another key or context, or it is damaged");
  }
  return plaintext;
}
