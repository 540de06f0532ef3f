import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** How many bytes a box is longer than what it holds, without its head. */
export const boxOverheadBytes = nonceBytes + tagBytes;

/**
 * Encrypts with AES-256-GCM: head, 12 bytes of random nonce, ciphertext, 16 bytes of tag. The head
 * (readable) and the context (not stored) are authenticated. One key is good for 2^32 boxes.
 */
export function closeBox(options: {
  key: KeyObject;
  head: Uint8Array;
  plaintext: Uint8Array;
  context: string;
}): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, options.key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated(options.head, options.context));
  const ciphertext = [cipher.update(options.plaintext), cipher.final()];
  return new Uint8Array(Buffer.concat([options.head, nonce, ...ciphertext, cipher.getAuthTag()]));
}

/** Decrypts a box; undefined = another key or context, or a changed byte. */
export function openBox(options: {
  key: KeyObject;
  headBytes: number;
  box: Uint8Array;
  context: string;
}): Uint8Array | undefined {
  const { key, headBytes, box, context } = options;
  if (box.length < headBytes + boxOverheadBytes) return undefined;
  const head = box.subarray(0, headBytes);
  const nonce = box.subarray(headBytes, headBytes + nonceBytes);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated(head, context));
  decipher.setAuthTag(box.subarray(box.length - tagBytes));
  const ciphertext = box.subarray(headBytes + nonceBytes, box.length - tagBytes);
  try {
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    // The cipher does not tell a wrong key from a changed byte, and neither do we.
    return undefined;
  }
}

function associated(head: Uint8Array, context: string): Uint8Array {
  return Buffer.concat([head, Buffer.from(context)]);
}
