import { Byte, skipSpace } from "./bytes.ts";

/** Tells whether a sound document is an object. */
export function isObject(bytes: Uint8Array): boolean {
  return bytes[skipSpace(bytes, 0)] === Byte.openBrace;
}
