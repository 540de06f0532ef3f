import { hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 22 characters of 62 are 131 random bits. */
const randomLength = 22;
const checksumLength = 6;
const keyLengthMax = 128;
const keyPattern = /^[\x21-\x7e]+$/;

/**
 * Makes a key: the prefix (printable ASCII, at most 64 characters), 22 random characters, and a
 * checksum of 6 characters over both, all of base 62. Shown once; only its hash is ever stored.
 */
export function newApiKey(prefix: string): string {
  const random = Array.from({ length: randomLength }, () => alphabet[randomInt(alphabet.length)]);
  const body = prefix + random.join("");
  return body + checksum(body);
}

/** Tells whether a text can be a key at all, by its checksum; says nothing about being known. */
export function isWellFormedKey(key: string): boolean {
  if (key.length < randomLength + checksumLength || key.length > keyLengthMax) return false;
  if (!keyPattern.test(key)) return false;
  return checksum(key.slice(0, -checksumLength)) === key.slice(-checksumLength);
}

/** Gives the SHA-256 of the key's text: all that may be stored or sent to other services. */
export function hashKey(key: string): Uint8Array {
  return hash("sha256", key, "buffer");
}

/** The CRC-32 of a text, as 6 digits of base 62. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let index = 0; index < checksumLength; index += 1) {
    digits = alphabet.charAt(rest % alphabet.length) + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
