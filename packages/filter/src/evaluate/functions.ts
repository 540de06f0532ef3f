import { charactersPerStep } from "./equality.ts";
import type { Meter } from "./meter.ts";
import { toInt } from "./operators.ts";
import {
  Duration,
  durationUnits,
  nanosPerSecond,
  parseDuration,
  parseTimestamp,
  Timestamp,
  timestampOf,
  timestampParts,
} from "./time.ts";
import { Failure, isList, isMap, kindOf, type Result, type Value } from "./value.ts";

/** A function of CEL; undefined when it is not defined for such values. */
type Definition = (values: readonly Value[], meter: Meter) => Result | undefined;

/** The functions that are called as `f(x)`. */
const calls: Readonly<Record<string, Definition>> = {
  size: ([value], meter) => size(value, meter),
  int: ([value]) => convertToInt(value),
  double: ([value]) => convertToDouble(value),
  string: ([value]) => convertToString(value),
  timestamp: ([value], meter) => convertToTimestamp(value, meter),
  duration: ([value], meter) => convertToDuration(value, meter),
};

/** The functions that are called as `x.f(y)`; x is the first value. */
const methods: Readonly<Record<string, Definition>> = {
  size: ([value], meter) => size(value, meter),
  startsWith: onTexts((text, part) => text.startsWith(part)),
  endsWith: onTexts((text, part) => text.endsWith(part)),
  contains: onTexts((text, part, meter) => {
    // Looking for a long part can take as many comparisons as this.
    meter.spend((text.length * part.length) / charactersPerStep);
    return text.includes(part);
  }),
  lowerAscii: onText(
    (text) => text.toLowerCase(),
    (letter) => letter.toLowerCase(),
  ),
  upperAscii: onText(
    (text) => text.toUpperCase(),
    (letter) => letter.toUpperCase(),
  ),
  ...Object.fromEntries(
    Object.keys(timestampParts).map((name) => [name, ([value]) => timePart(name, value)]),
  ),
};

/** How many values each function takes, without the one before the dot. */
export const callNames: ReadonlySet<string> = new Set(Object.keys(calls));
export const methodNames: ReadonlySet<string> = new Set(Object.keys(methods));

/** Calls `name(values)`. */
export function call(name: string, values: readonly Value[], meter: Meter): Result {
  const result = Object.hasOwn(calls, name) ? calls[name]?.(values, meter) : undefined;
  return result ?? new Failure(`${name}(${kinds(values)}) is not defined`);
}

/** Calls `values[0].name(values[1], ...)`. */
export function callMethod(name: string, values: readonly Value[], meter: Meter): Result {
  const result = Object.hasOwn(methods, name) ? methods[name]?.(values, meter) : undefined;
  const [first, ...rest] = values;
  return result ?? new Failure(`${kinds([first ?? null])}.${name}(${kinds(rest)}) is not defined`);
}

function kinds(values: readonly Value[]): string {
  return values.map(kindOf).join(", ");
}

function onTexts(test: (text: string, part: string, meter: Meter) => boolean): Definition {
  return ([text, part], meter) => {
    if (typeof text !== "string" || typeof part !== "string") return undefined;
    meter.spend(part.length / charactersPerStep);
    return test(text, part, meter);
  };
}

/** Changes the letters A to Z and no others. */
function onText(ascii: (text: string) => string, letter: (text: string) => string): Definition {
  return ([text], meter) => {
    if (typeof text !== "string") return undefined;
    meter.spend(text.length / 4);
    return isAscii(text) ? ascii(text) : text.replace(/[A-Za-z]+/g, letter);
  };
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function size(value: Value | undefined, meter: Meter): Result | undefined {
  if (value === undefined) return undefined;
  if (isList(value)) return BigInt(value.length);
  if (typeof value === "string") return codePointCount(value, meter);
  if (!isMap(value)) return undefined;
  const count = Object.keys(value).length;
  meter.spend(count);
  return BigInt(count);
}

function codePointCount(text: string, meter: Meter): bigint {
  meter.spend(text.length / 32);
  let count = 0n;
  for (const _ of text) count += 1n;
  return count;
}

function timePart(name: string, value: Value | undefined): Result | undefined {
  const part = timestampParts[name];
  if (value instanceof Timestamp && part) return BigInt(part(value));
  if (!(value instanceof Duration)) return undefined;
  const unit = durationUnits[name];
  if (unit !== undefined) return value.nanos / unit;
  return name === "getMilliseconds" ? (value.nanos % nanosPerSecond) / 1_000_000n : undefined;
}

const notAnInt = new Failure("int() takes whole numbers of at most 64 bits");
const notADouble = new Failure("double() takes numbers");

function convertToInt(value: Value | undefined): Result | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number")
    return Number.isFinite(value) ? toInt(BigInt(Math.trunc(value))) : notAnInt;
  if (typeof value === "string")
    return /^[+-]?\d{1,19}$/.test(value) ? toInt(BigInt(value.replace("+", ""))) : notAnInt;
  return value instanceof Timestamp ? floorDivide(value.nanos, nanosPerSecond) : undefined;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function convertToDouble(value: Value | undefined): Result | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return undefined;
  return value.length <= 64 && decimal.test(value) ? Number(value) : notADouble;
}

function convertToString(value: Value | undefined): Result | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return undefined;
  }
}

const notATimestamp = new Failure("timestamp() takes RFC 3339 of the years 1 to 9999");
const notADuration = new Failure('duration() takes texts such as "1h30m" or "0.5s"');

/** Reading a time of so many characters takes as long as a step. */
const timeCharactersPerStep = 2;

function convertToTimestamp(value: Value | undefined, meter: Meter): Result | undefined {
  if (value instanceof Timestamp) return value;
  if (typeof value === "bigint") return timestampOf(value * nanosPerSecond) ?? notATimestamp;
  if (typeof value !== "string") return undefined;
  meter.spend(value.length / timeCharactersPerStep);
  return parseTimestamp(value) ?? notATimestamp;
}

function convertToDuration(value: Value | undefined, meter: Meter): Result | undefined {
  if (value instanceof Duration) return value;
  if (typeof value !== "string") return undefined;
  meter.spend(value.length / timeCharactersPerStep);
  return parseDuration(value) ?? notADuration;
}
