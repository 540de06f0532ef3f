/** A JSON Schema of OpenAPI 3.1, as far as we write it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** Leaves out what is undefined or an empty text. */
export function compact(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(members);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}
