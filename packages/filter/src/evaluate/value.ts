import { Duration, Timestamp } from "./time.ts";

/**
 * A value of CEL. Numbers of JSON are doubles (`number`), whole numbers in a filter are ints
 * (`bigint`). Maps are JSON objects, of which only own properties count.
 */
export type Value =
  | null
  | boolean
  | string
  | number
  | bigint
  | Timestamp
  | Duration
  | ListValue
  | MapValue;
export type ListValue = readonly Value[];
export interface MapValue {
  readonly [key: string]: Value;
}

/** What evaluating came to instead of a value. It can be overruled, as in `failure || true`. */
export class Failure {
  /** A lower-case sentence without a final stop; holds names, never values of the event. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export type Result = Value | Failure;

/** Tells whether a value is a list. */
export function isList(value: Result): value is ListValue {
  return Array.isArray(value);
}

/** Tells whether a value is a map. */
export function isMap(value: Result): value is MapValue {
  return kindOf(value) === "map";
}

/** The kinds of values, as messages name them. */
export type Kind =
  | "null"
  | "bool"
  | "string"
  | "double"
  | "int"
  | "timestamp"
  | "duration"
  | "list"
  | "map"
  | "failure";

/** Gives the kind of a value. */
export function kindOf(value: Result): Kind {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "double";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    default:
      return kindOfObject(value);
  }
}

function kindOfObject(value: object | null): Kind {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (value instanceof Timestamp) return "timestamp";
  if (value instanceof Duration) return "duration";
  return value instanceof Failure ? "failure" : "map";
}

/** Gives a boolean, or the failure to be one. */
export function toBoolean(value: Result): boolean | Failure {
  if (typeof value === "boolean" || value instanceof Failure) return value;
  return new Failure(`${kindOf(value)} is no bool`);
}
