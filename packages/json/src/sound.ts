import type { JsonLimits } from "./json-limits.ts";

const known = new WeakMap<Uint8Array, JsonLimits>();

/**
 * Notes that bytes are a sound document within these limits, so that `scanJson` need not walk over
 * them again: for values of a larger document that it has checked. Nobody may change them any more.
 */
export function noteSound(bytes: Uint8Array, within: JsonLimits): void {
  known.set(bytes, within);
}

/** Tells whether these very bytes were noted to be sound within such limits, or tighter ones. */
export function isKnownSound(bytes: Uint8Array, { depthMax, keysMax }: JsonLimits): boolean {
  const within = known.get(bytes);
  return within !== undefined && within.depthMax <= depthMax && within.keysMax <= keysMax;
}
