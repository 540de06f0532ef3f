import type { ASTNode } from "@marcbachmann/cel-js";
import { isEvent } from "../evaluate/compile.ts";
import { isMacro } from "../evaluate/macros.ts";
import { type FilterProblem, problemAt } from "../problem.ts";
import { canBe, fieldOf, itemOf, type Shape, typesOf } from "./shape.ts";

/** A macro's variable and what is known of it; undefined when it does not come from data. */
interface Variable {
  readonly name: string;
  readonly shape: Shape | undefined;
}

/**
 * Gives what in a filter can never come true of the data that the schemas describe: fields that
 * none of them knows, arithmetic that the numbers of JSON do not have, a result that is no bool.
 */
export function fieldProblems(ast: ASTNode, data: Shape): FilterProblem[] {
  const walk = new FieldWalk(data);
  const shape = walk.visit(ast, []);
  if (shape && !canBe(shape, "boolean")) {
    walk.problems.push(problemAt(ast.start, `the filter gives ${typesOf(shape)}, not bool`));
  }
  return walk.problems;
}

class FieldWalk {
  readonly problems: FilterProblem[] = [];
  readonly #data: Shape;

  constructor(data: Shape) {
    this.#data = data;
  }

  /** Looks through a part; gives what is known of its value if that comes from data. */
  visit(node: ASTNode, variables: readonly Variable[]): Shape | undefined {
    switch (node.op) {
      case "value":
        return undefined;
      case "id":
        return variables.findLast(({ name }) => name === node.args)?.shape;
      case ".":
        return this.#select(node, variables);
      case "[]":
        return this.#index(node.args, variables);
      case "rcall":
        return this.#method(node.args, variables);
      case "call":
        return this.#visitAll(node.args[1], variables);
      case "map":
        return this.#visitAll(node.args.flat(), variables);
      case "!_":
      case "-_":
        return this.#visitAll([node.args], variables);
      case ".?":
      case "[?]":
        return undefined;
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        return this.#arithmetic(node, variables);
      default:
        return this.#visitAll(node.args, variables);
    }
  }

  #visitAll(nodes: readonly ASTNode[], variables: readonly Variable[]): undefined {
    for (const node of nodes) this.visit(node, variables);
  }

  #select(
    { args: [target, name], pos }: Extract<ASTNode, { op: "." }>,
    variables: readonly Variable[],
  ): Shape | undefined {
    if (
      isEvent(
        target,
        variables.map((each) => each.name),
      )
    ) {
      return name === "data" ? this.#data : undefined;
    }
    return this.#field(this.visit(target, variables), name, pos);
  }

  #field(shape: Shape | undefined, name: string, offset: number): Shape | undefined {
    if (shape === undefined) return undefined;
    const field = fieldOf(shape, name);
    if ("path" in field) return field;
    this.problems.push(problemAt(offset, field.problem, field.suggestion));
    return { path: `${shape.path}.${name}`, schemas: undefined };
  }

  #index(
    [target, key]: readonly [ASTNode, ASTNode],
    variables: readonly Variable[],
  ): Shape | undefined {
    const shape = this.visit(target, variables);
    this.visit(key, variables);
    if (key.op !== "value") return shape && { path: `${shape.path}[]`, schemas: undefined };
    if (typeof key.args === "string") return this.#field(shape, key.args, key.pos);
    return shape && itemOf(shape);
  }

  #method(
    [name, target, nodes]: readonly [string, ASTNode, ASTNode[]],
    variables: readonly Variable[],
  ): Shape | undefined {
    const shape = this.visit(target, variables);
    if (!isMacro(name, nodes.length)) return this.#visitAll(nodes, variables);
    const [variable, ...bodies] = nodes;
    const item = shape && itemShape(shape);
    const bound = { name: variable?.op === "id" ? variable.args : "", shape: item };
    this.#visitAll(bodies, [...variables, bound]);
    return name === "filter" ? shape : undefined;
  }

  #arithmetic(
    { op, args }: Extract<ASTNode, { op: "+" | "-" | "*" | "/" | "%" }>,
    variables: readonly Variable[],
  ): undefined {
    const shapes = args.map((node) => this.visit(node, variables));
    for (const [index, node] of args.entries()) {
      const other = shapes[1 - index];
      if (other === undefined) continue;
      if (op === "%") this.#say(node, `% takes ints, and numbers in data are doubles`, "int(...)");
      else if (node.op === "value" && typeof node.args === "bigint") {
        this.#say(node, "numbers in data are doubles", `${node.args}.0`);
      }
    }
  }

  #say(node: ASTNode, text: string, suggestion: string): void {
    this.problems.push(problemAt(node.start, text, suggestion));
  }
}

/** A macro loops over the items of a list or the keys of an object; keys are texts. */
function itemShape(shape: Shape): Shape | undefined {
  return canBe(shape, "array") ? itemOf(shape) : undefined;
}
