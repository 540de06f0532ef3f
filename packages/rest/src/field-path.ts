import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** The fields that a dotted path steps through, outermost first; never empty. */
export type FieldPath = readonly [DescField, ...DescField[]];

/**
 * Finds a field by its path; each step is a field's proto name or JSON name. Undefined when there
 * is no such field, or when a step but the last is no single message.
 */
export function findFieldPath(desc: DescMessage, steps: readonly string[]): FieldPath | undefined {
  const [first, ...further] = steps;
  const field = first === undefined ? undefined : findField(desc, first);
  if (field === undefined) return undefined;
  if (further.length === 0) return [field];
  if (field.fieldKind !== "message") return undefined;
  const inner = findFieldPath(field.message, further);
  return inner && [field, ...inner];
}

/** Finds a field by its proto name or JSON name. */
export function findField(desc: DescMessage, name: string): DescField | undefined {
  return desc.fields.find((field) => field.jsonName === name || field.name === name);
}

/** The path as callers see it, in lowerCamelCase: `webhook.id`. */
export function fieldPathText(path: readonly DescField[]): string {
  return path.map((field) => field.jsonName).join(".");
}
