import { Failure, isList, isMap, kindOf, type Result, type Value } from "./value.ts";

/** Gives a field of a map. Only its own: what JavaScript gives every object is not there. */
export function getField(value: Value, field: string): Result {
  if (isMap(value) && Object.hasOwn(value, field)) return value[field] ?? null;
  return new Failure(isMap(value) ? `no field ${field}` : `${kindOf(value)} has no fields`);
}

/** Tells whether a map has a field; no other value has any. */
export function hasField(value: Value, field: string): boolean {
  return isMap(value) && Object.hasOwn(value, field);
}

/** Gives an item of a list or a field of a map. */
export function getItem(value: Value, key: Value): Result {
  if (isMap(value) && typeof key === "string") return getField(value, key);
  if (!isList(value) || (typeof key !== "bigint" && typeof key !== "number")) {
    return new Failure(`${kindOf(value)}[${kindOf(key)}] is not defined`);
  }
  return value[Number(key)] ?? (Number(key) in value ? null : noItem);
}

const noItem = new Failure("the list has no such item");

/** Makes a map of keys and values in turn. */
export function makeMap(keysAndValues: readonly Value[]): Result {
  const made: Record<string, Value> = Object.create(null);
  for (let at = 0; at < keysAndValues.length; at += 2) {
    const key = keysAndValues[at];
    if (typeof key !== "string") return new Failure("the keys of a map are strings");
    if (Object.hasOwn(made, key)) return new Failure("a map has one key twice");
    made[key] = keysAndValues[at + 1] ?? null;
  }
  return made;
}
