import type { FieldProblem } from "@posthorn/errors";

/** Tells whether every text of a value, at any depth, is one that Postgres holds as it is. */
export function isStorable(value: unknown): boolean {
  if (typeof value === "string") return isStorableText(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  if (Array.isArray(value)) return value.every(isStorable);
  const members = value as Readonly<Record<string, unknown>>;
  for (const key in members) {
    if (!isStorableText(key) || !isStorable(members[key])) return false;
  }
  return true;
}

/**
 * Gives the texts of a value, at any depth, that Postgres cannot hold (they bear U+0000) or would
 * alter (half of a surrogate pair), by their paths. `path` is that of the value; empty: the root.
 */
export function textProblems(value: unknown, path: string): FieldProblem[] {
  if (typeof value === "string") return problemOf(value, path);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textProblems(item, `${path}[${index}]`));
  }
  return Object.entries(value).flatMap(([key, item]) => [
    ...problemOf(key, path),
    ...textProblems(item, path === "" ? key : `${path}.${key}`),
  ]);
}

function problemOf(text: string, field: string): FieldProblem[] {
  if (isStorableText(text)) return [];
  return [
    { field, description: "holds U+0000 or half a surrogate pair", reason: "invalid_unicode" },
  ];
}

function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}
