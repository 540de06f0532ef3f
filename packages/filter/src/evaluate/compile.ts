import type { ASTNode } from "@marcbachmann/cel-js";
import { type EventField, eventFields } from "../filter-event.ts";
import { getField, getItem, hasField, makeMap } from "./access.ts";
import type { Frame, Step } from "./frame.ts";
import { call, callMethod } from "./functions.ts";
import { isMacro, macro } from "./macros.ts";
import { applyBinary, type BinaryOperator, negate, not } from "./operators.ts";
import { Failure, type Result, toBoolean, type Value } from "./value.ts";

/**
 * Makes a part of a filter ready to be evaluated. `names` are the variables of the macros around
 * it, outermost first. The part has passed the checks, so nothing in it is unknown.
 */
export function compile(node: ASTNode, names: readonly string[]): Step {
  const step = compileNode(node, names);
  return (frame) => {
    frame.meter.spend(1);
    return step(frame);
  };
}

function compileNode(node: ASTNode, names: readonly string[]): Step {
  switch (node.op) {
    case "value":
      return constant(node.args as Value); // bytes and unsigned numbers do not pass the checks
    case "id":
      return local(names.lastIndexOf(node.args));
    case ".":
      return select(node.args, names);
    case "[]":
      return binary(node.args, names, ({ left, right }) => getItem(left, right));
    case "list":
      return list(node.args, names);
    case "map":
      return all(node.args.flat(), names, makeMap);
    case "?:":
      return conditional(node.args, names);
    case "||":
      return logical(true, node.args, names);
    case "&&":
      return logical(false, node.args, names);
    case "!_":
      return unary(node.args, names, not);
    case "-_":
      return unary(node.args, names, negate);
    case "call":
      return compileCall(node.args, names);
    case "rcall":
      return compileMethod(node.args, names);
    case ".?":
    case "[?]":
      throw new Error("optional values are off");
    default:
      return operator(node.op, node.args, names);
  }
}

function constant(value: Value): Step {
  return () => value;
}

function local(position: number): Step {
  return ({ locals }) => locals[position] ?? null;
}

type Pair = readonly [ASTNode, ASTNode];

function operator(name: BinaryOperator, pair: Pair, names: readonly string[]): Step {
  return binary(pair, names, (operands) => applyBinary(name, operands));
}

type Operands = Parameters<typeof applyBinary>[1];

function binary(
  [leftNode, rightNode]: Pair,
  names: readonly string[],
  apply: (operands: Operands) => Result,
): Step {
  const [leftStep, rightStep] = [compile(leftNode, names), compile(rightNode, names)];
  return (frame) => {
    const left = leftStep(frame);
    if (left instanceof Failure) return left;
    const right = rightStep(frame);
    if (right instanceof Failure) return right;
    return apply({ left, right, meter: frame.meter });
  };
}

function unary(node: ASTNode, names: readonly string[], apply: (value: Value) => Result): Step {
  const step = compile(node, names);
  return (frame) => {
    const value = step(frame);
    return value instanceof Failure ? value : apply(value);
  };
}

function select([target, field]: readonly [ASTNode, string], names: readonly string[]): Step {
  if (isEvent(target, names)) return ofEvent(field);
  return unary(target, names, (value) => getField(value, field));
}

/** Tells whether a part is the variable `event`, not one of a macro that is called so. */
export function isEvent(node: ASTNode, names: readonly string[]): boolean {
  return node.op === "id" && node.args === "event" && !names.includes("event");
}

function ofEvent(name: string): Step {
  const field = eventFields.find((each): each is EventField => each === name);
  if (field === undefined) throw new Error(`event has no ${name}`);
  return ({ event }) => event.get(field);
}

/** `has(a.b)`: whether a has b. That a itself is missing is a failure. */
function has(node: ASTNode, names: readonly string[]): Step {
  if (node.op !== ".") throw new Error("has() takes a field");
  const [target, field] = node.args;
  if (isEvent(target, names)) return constant(true);
  return unary(target, names, (value) => hasField(value, field));
}

function list(nodes: readonly ASTNode[], names: readonly string[]): Step {
  if (nodes.every(({ op }) => op === "value")) return constant(nodes.map((n) => n.args as Value)); // see above
  return all(nodes, names, (values) => values);
}

/** Evaluates parts in turn; the first failure is the result. */
function all(
  nodes: readonly ASTNode[],
  names: readonly string[],
  apply: (values: readonly Value[], frame: Frame) => Result,
): Step {
  const steps = nodes.map((node) => compile(node, names));
  return (frame) => {
    const values: Value[] = [];
    for (const step of steps) {
      const value = step(frame);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    return apply(values, frame);
  };
}

function conditional(
  [conditionNode, thenNode, elseNode]: readonly [ASTNode, ASTNode, ASTNode],
  names: readonly string[],
): Step {
  const condition = compile(conditionNode, names);
  const [ifTrue, ifFalse] = [compile(thenNode, names), compile(elseNode, names)];
  return (frame) => {
    const value = condition(frame);
    if (value === true) return ifTrue(frame);
    if (value === false) return ifFalse(frame);
    return toBoolean(value);
  };
}

/**
 * `||` (decided by true) and `&&` (decided by false). As CEL has it, a side that decides makes a
 * failure of the other of no account.
 */
function logical(decisive: boolean, [leftNode, rightNode]: Pair, names: readonly string[]): Step {
  const [leftStep, rightStep] = [compile(leftNode, names), compile(rightNode, names)];
  return (frame) => {
    const left = toBoolean(leftStep(frame));
    if (left === decisive) return decisive;
    const right = toBoolean(rightStep(frame));
    if (right === decisive) return decisive;
    return left instanceof Failure ? left : right;
  };
}

function compileCall([name, nodes]: readonly [string, ASTNode[]], names: readonly string[]): Step {
  const [first] = nodes;
  if (name === "has" && first) return has(first, names);
  return all(nodes, names, (values, { meter }) => call(name, values, meter));
}

function compileMethod(
  [name, target, nodes]: readonly [string, ASTNode, ASTNode[]],
  names: readonly string[],
): Step {
  if (isMacro(name, nodes.length)) {
    const [variable, ...bodies] = nodes;
    const inner = [...names, variable?.op === "id" ? variable.args : ""];
    const steps = bodies.map((body) => compile(body, inner));
    return macro(name, { range: compile(target, names), bodies: steps, position: names.length });
  }
  return all([target, ...nodes], names, (values, { meter }) => callMethod(name, values, meter));
}
