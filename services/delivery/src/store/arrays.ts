/**
 * Array parameters of hot statements, written as Postgres reads them. The driver would look for
 * what has to be quoted in every element; in UUIDs, numbers and times there is nothing.
 */

/** `{a,b}` of UUIDs, numbers, booleans or days; null for what is absent. */
export function plainArray(
  values: readonly (string | number | boolean | null | undefined)[],
): string {
  return `{${values.map((value) => value ?? "null").join(",")}}`;
}

/** `{a,b}` of times; null for what is absent. */
export function timeArray(values: readonly (Date | undefined)[]): string {
  return `{${values.map((value) => value?.toISOString() ?? "null").join(",")}}`;
}

/** Byte strings as one, and where each of them lies in it, for `substr(bytes, from, length)`. */
export interface Packed {
  readonly bytes: Buffer;
  /** 1 for the first byte. */
  readonly from: string;
  readonly length: string;
}

/** Packs byte strings: one parameter goes over in binary, an array of them as text in hex. */
export function packed(values: readonly Uint8Array[]): Packed {
  const from: number[] = [];
  let at = 1;
  for (const value of values) {
    from.push(at);
    at += value.length;
  }
  const length = values.map((value) => value.length);
  return { bytes: Buffer.concat(values), from: plainArray(from), length: plainArray(length) };
}
