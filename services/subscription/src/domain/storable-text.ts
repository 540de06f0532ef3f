import type { FieldProblem } from "@posthorn/errors";

/**
 * Gives the texts of a value, at any depth, that Postgres cannot hold (they bear U+0000) or would
 * alter (half of a surrogate pair), by their paths. `path` is that of the value; empty: the root.
 */
export function textProblems(value: unknown, path: string): FieldProblem[] {
  if (typeof value === "string") return problemOf(value, path);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textProblems(item, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...problemOf(key, path),
    ...textProblems(item, path === "" ? key : `${path}.${key}`),
  ]);
}

function problemOf(text: string, field: string): FieldProblem[] {
  if (text.isWellFormed() && !text.includes("\u0000")) return [];
  return [
    { field, description: "holds U+0000 or half a surrogate pair", reason: "invalid_unicode" },
  ];
}
