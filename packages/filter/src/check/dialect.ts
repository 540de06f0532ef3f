import type { ASTNode } from "@marcbachmann/cel-js";
import { isEvent } from "../evaluate/compile.ts";
import { callNames, methodNames } from "../evaluate/functions.ts";
import { isMacro, macroNames } from "../evaluate/macros.ts";
import { eventFields } from "../filter-event.ts";
import { filterLimits } from "../limits.ts";
import { type FilterProblem, problemAt } from "../problem.ts";
import { nearest } from "./suggest.ts";

/**
 * Gives what in a filter of right syntax is not of our dialect of CEL: names and functions that
 * are not there, kinds of constants, macros that are nested too deeply. What has no such problem
 * can be compiled.
 */
export function dialectProblems(ast: ASTNode): FilterProblem[] {
  return visit(ast, []);
}

/** `names` are the variables of the macros around the node. */
function visit(node: ASTNode, names: readonly string[]): FilterProblem[] {
  switch (node.op) {
    case "value":
      return constantProblems(node.args, node.pos);
    case "id":
      return nameProblems(node, names);
    case ".":
      return isEvent(node.args[0], names)
        ? eventFieldProblems(node.args[1], node.pos)
        : visit(node.args[0], names);
    case "-_":
      return isLeastInt(node.args) ? [] : visit(node.args, names);
    case "!_":
      return visit(node.args, names);
    case "call":
      return callProblems(node, names);
    case "rcall":
      return methodProblems(node, names);
    case "map":
      return visitAll(node.args.flat(), names);
    case ".?":
    case "[?]":
      return [problemAt(node.pos, "optional values are not offered")];
    default:
      return visitAll(node.args, names);
  }
}

function visitAll(nodes: readonly ASTNode[], names: readonly string[]): FilterProblem[] {
  return nodes.flatMap((node) => visit(node, names));
}

/** The least int stands in a filter as `-` before a number that by itself is too large. */
const leastInt = -(2n ** 63n);

function isLeastInt(node: ASTNode): boolean {
  return node.op === "value" && node.args === -leastInt;
}

function constantProblems(value: unknown, offset: number): FilterProblem[] {
  switch (typeof value) {
    case "bigint":
      return value < -leastInt ? [] : [problemAt(offset, "an int has at most 64 bits")];
    case "object":
      return value === null
        ? []
        : [problemAt(offset, "bytes and unsigned numbers are not offered")];
    default:
      return [];
  }
}

function nameProblems(
  { args: name, pos }: Extract<ASTNode, { op: "id" }>,
  names: readonly string[],
): FilterProblem[] {
  if (names.includes(name)) return [];
  if (name === "event") {
    return [
      problemAt(pos, `event is no value by itself, only ${eventFields.join(", ")} of it are`),
    ];
  }
  return [problemAt(pos, `unknown name ${name}`, nearest(name, ["event", ...names]))];
}

function eventFieldProblems(field: string, offset: number): FilterProblem[] {
  if (eventFields.some((each) => each === field)) return [];
  const suggestion = `event.${nearest(field, eventFields) ?? `data.${field}`}`;
  return [problemAt(offset, `event has no field ${field}`, suggestion)];
}

function callProblems(
  { args: [name, nodes], pos }: Extract<ASTNode, { op: "call" }>,
  names: readonly string[],
): FilterProblem[] {
  const own = name === "has" ? hasProblems(nodes, pos) : functionProblems(name, pos, callNames);
  return [...own, ...visitAll(nodes, names)];
}

function hasProblems([node]: readonly ASTNode[], offset: number): FilterProblem[] {
  return node?.op === "." ? [] : [problemAt(offset, "has() takes a field, such as event.data.a")];
}

function functionProblems(
  name: string,
  offset: number,
  known: ReadonlySet<string>,
): FilterProblem[] {
  if (known.has(name)) return [];
  const all = ["has", ...callNames, ...methodNames, ...macroNames];
  return [problemAt(offset, `unknown function ${name}`, nearest(name, all))];
}

function methodProblems(
  { args: [name, target, nodes], pos }: Extract<ASTNode, { op: "rcall" }>,
  names: readonly string[],
): FilterProblem[] {
  if (isMacro(name, nodes.length)) {
    const [variable, ...bodies] = nodes;
    const inner = [...names, variable?.op === "id" ? variable.args : ""];
    const depth =
      inner.length > filterLimits.macroDepthMax
        ? [problemAt(pos, `macros may be nested at most ${filterLimits.macroDepthMax} deep`)]
        : [];
    return [...depth, ...visit(target, names), ...visitAll(bodies, inner)];
  }
  return [...ownMethodProblems(name, pos), ...visitAll([target, ...nodes], names)];
}

function ownMethodProblems(name: string, offset: number): FilterProblem[] {
  if (name === "matches") {
    const text = "matches is not offered, since patterns can run for ever";
    return [problemAt(offset, text, "startsWith, endsWith or contains")];
  }
  if (macroNames.has(name)) return [problemAt(offset, `${name} takes a variable and a condition`)];
  return functionProblems(name, offset, methodNames);
}
