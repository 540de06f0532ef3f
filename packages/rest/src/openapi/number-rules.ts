import { isMessage, toJson } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { compact, type JsonSchema } from "./json-schema.ts";

/** Gives a rule that is set; one that is not would read as its zero. */
export function given<Rules extends object, Name extends keyof Rules>(
  rules: Rules,
  name: Name,
): Rules[Name] | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** The upper and lower bound of a value. */
export interface Bounds {
  readonly lessThan: Sided;
  readonly greaterThan: Sided;
}

interface Sided {
  readonly case: string | undefined;
  readonly value?: unknown;
}

type Scalar = number | bigint;

/** What protovalidate may check of a number; 64 bits are bigints. */
export interface NumberRules extends Bounds {
  readonly const?: Scalar;
  readonly in: readonly Scalar[];
  readonly notIn: readonly Scalar[];
}

/** Gives the keyword of a value that is the only one. */
export function constOf(rules: { readonly const?: unknown }): JsonSchema {
  const only = given(rules, "const");
  return only === undefined ? {} : { const: jsonOf(only) };
}

/** Gives the keywords of a number's rules. JSON has 64 bits as text, which no bound can hold for. */
export function numberKeywords(rules: NumberRules): JsonSchema {
  return {
    ...constOf(rules),
    ...compact({
      enum: rules.in.length > 0 ? rules.in.map(jsonOf) : undefined,
      not: rules.notIn.length > 0 ? { enum: rules.notIn.map(jsonOf) } : undefined,
      minimum: numberAt(rules.greaterThan, "gte"),
      exclusiveMinimum: numberAt(rules.greaterThan, "gt"),
      maximum: numberAt(rules.lessThan, "lte"),
      exclusiveMaximum: numberAt(rules.lessThan, "lt"),
    }),
  };
}

function numberAt(side: Sided, name: string): number | undefined {
  return side.case === name && typeof side.value === "number" ? side.value : undefined;
}

function jsonOf(value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** Says the bounds in words, for values that stand in JSON as text; empty for none. */
export function rangeText({ lessThan, greaterThan }: Bounds): string {
  const texts = [greaterThan, lessThan].flatMap((side) => {
    const words = boundWords[side.case ?? ""];
    return words === undefined ? [] : [`${words} ${boundText(side.value)}`];
  });
  const text = texts.join(", ");
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const boundWords: Readonly<Record<string, string>> = {
  gt: "more than",
  gte: "at least",
  lt: "less than",
  lte: "at most",
  gtNow: "later than",
  ltNow: "earlier than",
};

function boundText(bound: unknown): string {
  if (isMessage(bound, DurationSchema)) return toJson(DurationSchema, bound);
  if (isMessage(bound, TimestampSchema)) return toJson(TimestampSchema, bound);
  return typeof bound === "boolean" ? "now" : String(bound);
}
