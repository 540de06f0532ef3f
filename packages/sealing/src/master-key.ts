import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";

const keyBytes = 32;
const noSalt = new Uint8Array(0);

/** The installation's one key. It shows nothing of itself when logged or turned into JSON. */
export interface MasterKey {
  readonly kind: "master";
  readonly key: KeyObject;
}

/** Gives a new master key as text: base64 of 32 random bytes. */
export function newMasterKey(): string {
  return randomBytes(keyBytes).toString("base64");
}

/**
 * Reads a master key: base64 of 32 bytes; white space around it is ignored, since files end in a
 * line break. Throws a plain Error, which does not repeat the text, when it is malformed.
 */
export function masterKey(text: string): MasterKey {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, "base64");
  if (bytes.length !== keyBytes || bytes.toString("base64") !== trimmed) {
    throw new Error(`master key must be base64 of ${keyBytes} bytes`);
  }
  return { kind: "master", key: createSecretKey(bytes) };
}

/**
 * Gives 32 bytes that follow from the master key and the purpose alone (HKDF-SHA256, RFC 5869), the
 * same in every process. Other purposes give unrelated bytes.
 */
export function derive(master: MasterKey, purpose: string): Uint8Array {
  const info = `posthorn derived key: ${purpose}`;
  return new Uint8Array(hkdfSync("sha256", master.key, noSalt, info, keyBytes));
}
