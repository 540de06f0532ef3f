import type { Frame, Step } from "./frame.ts";
import {
  Failure,
  isList,
  isMap,
  kindOf,
  type ListValue,
  type Result,
  toBoolean,
  type Value,
} from "./value.ts";

/** A macro over a list (or the keys of a map), ready to be evaluated. */
export interface Loop {
  readonly range: Step;
  /** What is evaluated for each item. */
  readonly bodies: readonly Step[];
  /** Where the macro's variable is among the frame's locals. */
  readonly position: number;
}

/** One pass: gives what the body comes to for an item. */
type Body = (item: Value) => Result;
type Definition = (items: ListValue, body: Body, transform: Body) => Result;

const definitions: Readonly<Record<string, Definition>> = {
  "all/2": (items, body) => quantify(false, items, body),
  "exists/2": (items, body) => quantify(true, items, body),
  "exists_one/2": (items, body) => {
    const found = filter(items, body);
    return found instanceof Failure ? found : found.length === 1;
  },
  "filter/2": (items, body) => filter(items, body),
  "map/2": (items, body) => transformAll(items, body),
  "map/3": (items, body, transform) => {
    const found = filter(items, body);
    return found instanceof Failure ? found : transformAll(found, transform);
  },
};

/** The names of the macros that loop. */
export const macroNames: ReadonlySet<string> = new Set(
  Object.keys(definitions).map((key) => key.slice(0, key.indexOf("/"))),
);

/** Tells whether `x.name(...)` with so many arguments is a macro. */
export function isMacro(name: string, argumentCount: number): boolean {
  return Object.hasOwn(definitions, `${name}/${argumentCount}`);
}

/** Makes a macro ready. Each item costs a step beside those of its body. */
export function macro(name: string, { range, bodies, position }: Loop): Step {
  const definition = definitions[`${name}/${bodies.length + 1}`];
  const [first, second = first] = bodies;
  if (!definition || !first || !second) throw new Error(`${name} is no macro`);
  return (frame) => {
    const value = range(frame);
    if (value instanceof Failure) return value;
    const items = itemsOf(value);
    if (items instanceof Failure) return items;
    const bodyOf = (step: Step) => (item: Value) => evaluateFor(item, step, { frame, position });
    return definition(items, bodyOf(first), bodyOf(second));
  };
}

function evaluateFor(
  item: Value,
  step: Step,
  { frame, position }: { frame: Frame; position: number },
): Result {
  frame.meter.spend(1);
  frame.locals[position] = item;
  return step(frame);
}

function itemsOf(value: Value): ListValue | Failure {
  if (isList(value)) return value;
  if (isMap(value)) return Object.keys(value);
  return new Failure(`${kindOf(value)} has no items`);
}

/** An item that decides makes the failures of others of no account. */
function quantify(decisive: boolean, items: ListValue, body: Body): Result {
  let failure: Failure | undefined;
  for (const item of items) {
    const value = toBoolean(body(item));
    if (value === decisive) return decisive;
    if (value instanceof Failure) failure ??= value;
  }
  return failure ?? !decisive;
}

function filter(items: ListValue, body: Body): ListValue | Failure {
  const found: Value[] = [];
  for (const item of items) {
    const value = toBoolean(body(item));
    if (value instanceof Failure) return value;
    if (value) found.push(item);
  }
  return found;
}

function transformAll(items: ListValue, body: Body): ListValue | Failure {
  const made: Value[] = [];
  for (const item of items) {
    const value = body(item);
    if (value instanceof Failure) return value;
    made.push(value);
  }
  return made;
}
