import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** The fields that a dotted path steps through, outermost first; never empty. */
export type FieldPath = readonly [DescField, ...DescField[]];

/**
 * Finds a field by its path; each step is a field's proto name or JSON name. Undefined when there
 * is no such field, when a step but the last is no single message with fields of its own, or when
 * there are more steps than anyone needs.
 */
export function findFieldPath(desc: DescMessage, steps: readonly string[]): FieldPath | undefined {
  if (steps.length > stepCountMax) return undefined;
  const [first, ...further] = steps;
  const field = first === undefined ? undefined : findField(desc, first);
  if (field === undefined) return undefined;
  if (further.length === 0) return [field];
  if (field.fieldKind !== "message" || isWellKnown(field.message)) return undefined;
  const inner = findFieldPath(field.message, further);
  return inner && [field, ...inner];
}

/** A message may hold itself, so that only a limit ends a path from outside. */
const stepCountMax = 32;

/** Tells whether a message's JSON is a form of its own, so that no path leads into it. */
export function isWellKnown({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

/** Finds a field by its proto name or JSON name. */
export function findField(desc: DescMessage, name: string): DescField | undefined {
  return desc.fields.find((field) => field.jsonName === name || field.name === name);
}

/** The path as callers see it, in lowerCamelCase: `webhook.id`. */
export function fieldPathText(path: readonly DescField[]): string {
  return path.map((field) => field.jsonName).join(".");
}
