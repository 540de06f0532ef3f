import { timingSafeEqual } from "node:crypto";

/** Compares in a time that tells nothing of where two values differ. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Compares texts as isSame does bytes. */
export function isSameText(a: string, b: string): boolean {
  return isSame(Buffer.from(a), Buffer.from(b));
}
