import type { Meter } from "./meter.ts";
import { Duration, Timestamp } from "./time.ts";
import { isList, isMap, type ListValue, type MapValue, type Value } from "./value.ts";

/** Characters that are compared for one step. */
export const charactersPerStep = 1024;

/**
 * Tells whether two values are equal. Numbers are compared by value across int and double; values
 * of other kinds than each other are not equal, which is no failure.
 */
export function isEqual(a: Value, b: Value, meter: Meter): boolean {
  meter.spend(1);
  if (typeof a === "string" && typeof b === "string") {
    meter.spend(Math.min(a.length, b.length) / charactersPerStep);
    return a === b;
  }
  if (a === b) return true;
  // Whether 1 is 1n: JavaScript compares the exact values.
  // biome-ignore lint/suspicious/noDoubleEquals: === tells the types apart, which CEL does not
  if (isNumber(a) && isNumber(b)) return a == b;
  if (isList(a)) return isList(b) && areListsEqual(a, b, meter);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  return isMap(a) && isMap(b) && areMapsEqual(a, b, meter);
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function areListsEqual(a: ListValue, b: ListValue, meter: Meter): boolean {
  return a.length === b.length && a.every((item, index) => isEqual(item, b[index] ?? null, meter));
}

function areMapsEqual(a: MapValue, b: MapValue, meter: Meter): boolean {
  const keys = Object.keys(a);
  meter.spend(keys.length);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && isEqual(a[key] ?? null, b[key] ?? null, meter),
  );
}
