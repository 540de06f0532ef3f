import { charactersPerStep, isEqual } from "./equality.ts";
import type { Meter } from "./meter.ts";
import { Duration, durationOf, Timestamp, timestampOf } from "./time.ts";
import { Failure, isList, isMap, kindOf, type Result, type Value } from "./value.ts";

/** The operators between two values, without those that may leave the second out. */
export const binaryOperators = [
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "+",
  "-",
  "*",
  "/",
  "%",
] as const;
export type BinaryOperator = (typeof binaryOperators)[number];

/** Applies an operator to two values. */
export function applyBinary(
  operator: BinaryOperator,
  { left, right, meter }: { left: Value; right: Value; meter: Meter },
): Result {
  switch (operator) {
    case "==":
      return isEqual(left, right, meter);
    case "!=":
      return !isEqual(left, right, meter);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(operator, left, right);
    case "in":
      return isIn(left, right, meter);
    case "+":
      return add(left, right, meter);
    case "-":
    case "*":
    case "/":
    case "%":
      return calculate(operator, left, right);
  }
}

/** Says that an operator is not defined for the kinds of its values. */
function undefinedFor(operator: string, left: Value, right: Value): Failure {
  const hint = isArithmetic(operator) && hasBothNumbers(left, right) ? numbersHint : "";
  return new Failure(`${kindOf(left)} ${operator} ${kindOf(right)} is not defined${hint}`);
}

const numbersHint = " (numbers in data are doubles: write 1.0, or int(...))";

function isArithmetic(operator: string): boolean {
  return "+-*/%".includes(operator);
}

function hasBothNumbers(left: Value, right: Value): boolean {
  return [left, right].every((value) => typeof value === "number" || typeof value === "bigint");
}

type Comparison = "<" | "<=" | ">" | ">=";

function compare(operator: Comparison, left: Value, right: Value): Result {
  const pair = comparable(left, right);
  if (!pair) return undefinedFor(operator, left, right);
  const [a, b] = pair;
  switch (operator) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

/** Gives what JavaScript orders as CEL does; undefined for values without an order. */
function comparable(
  left: Value,
  right: Value,
): readonly [string | number | bigint, string | number | bigint] | undefined {
  const [a, b] = [ordinal(left), ordinal(right)];
  if (a === undefined || b === undefined) return undefined;
  const isNumeric = hasBothNumbers(left, right);
  return isNumeric || kindOf(left) === kindOf(right) ? [a, b] : undefined;
}

function ordinal(value: Value): string | number | bigint | undefined {
  if (value instanceof Timestamp || value instanceof Duration) return value.nanos;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "object" ? undefined : value;
}

function isIn(left: Value, right: Value, meter: Meter): Result {
  if (isList(right)) return right.some((item) => isEqual(left, item, meter));
  // Keys of a map may be of these kinds; those of ours are all strings.
  const isKey = left !== null && typeof left !== "object";
  if (isMap(right) && isKey) return typeof left === "string" && Object.hasOwn(right, left);
  return undefinedFor("in", left, right);
}

function add(left: Value, right: Value, meter: Meter): Result {
  if (typeof left === "string" && typeof right === "string") {
    meter.spend((left.length + right.length) / charactersPerStep);
    return left + right;
  }
  if (isList(left) && isList(right)) {
    meter.spend(left.length + right.length);
    return [...left, ...right];
  }
  return addTimes(left, right) ?? calculate("+", left, right);
}

function addTimes(left: Value, right: Value): Result | undefined {
  if (left instanceof Duration && right instanceof Duration) {
    return durationOf(left.nanos + right.nanos) ?? outOfRange;
  }
  if (left instanceof Timestamp && right instanceof Duration) {
    return timestampOf(left.nanos + right.nanos) ?? outOfRange;
  }
  if (left instanceof Duration && right instanceof Timestamp) return addTimes(right, left);
  return undefined;
}

function subtractTimes(left: Value, right: Value): Result | undefined {
  if (left instanceof Timestamp && right instanceof Timestamp) {
    return durationOf(left.nanos - right.nanos) ?? outOfRange;
  }
  if (right instanceof Duration) return addTimes(left, new Duration(-right.nanos));
  return undefined;
}

const outOfRange = new Failure("the result is out of range");
const dividedByZero = new Failure("an int is divided by zero");

type Arithmetic = "+" | "-" | "*" | "/" | "%";

function calculate(operator: Arithmetic, left: Value, right: Value): Result {
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (right === 0n && (operator === "/" || operator === "%")) return dividedByZero;
    return toInt(calculateInts(operator, left, right));
  }
  if (typeof left === "number" && typeof right === "number" && operator !== "%") {
    return calculateDoubles(operator, left, right);
  }
  const times = operator === "-" ? subtractTimes(left, right) : undefined;
  return times ?? undefinedFor(operator, left, right);
}

function calculateInts(operator: Arithmetic, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
  }
}

function calculateDoubles(operator: Exclude<Arithmetic, "%">, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
  }
}

/** Gives an int if it has at most 64 bits. */
export function toInt(value: bigint): Result {
  return BigInt.asIntN(64, value) === value ? value : outOfRange;
}

/** Applies `-`. */
export function negate(value: Value): Result {
  if (typeof value === "bigint") return toInt(-value);
  if (typeof value === "number") return -value;
  return new Failure(`-${kindOf(value)} is not defined`);
}

/** Applies `!`. */
export function not(value: Value): Result {
  return typeof value === "boolean" ? !value : new Failure(`!${kindOf(value)} is not defined`);
}
