import { AppError, invalid } from "@posthorn/errors";

/** What the fields of a message mean to an update; all names in snake_case. */
export interface UpdateRules<Field extends string> {
  /** Where the message stands in the request, such as `webhook`: for the paths of problems. */
  readonly prefix: string;
  /** The fields that may be changed. */
  readonly writable: readonly Field[];
  /** The fields that may not. */
  readonly fixed: readonly string[];
  /** The field that names the object: refused in a mask, expected in the message. */
  readonly key?: string;
  /** The fields that an update may bear but that are not changed by it, such as an etag. */
  readonly tolerated?: readonly string[];
}

/** An update's mask, or what stands for it. */
export interface UpdateMask {
  /** The mask's paths. Empty or undefined: the populated fields are meant. */
  readonly paths: readonly string[] | undefined;
  /** The fields of the message that are set. */
  readonly populated: readonly string[];
}

/**
 * Gives the fields that an update changes: those of the mask, `*` for all that may be changed,
 * or the populated ones where there is no mask. Throws `invalid` for a field that may not be
 * changed (naming it) and for a path that names no field (naming `updateMask`).
 */
export function fieldsToUpdate<Field extends string>(
  mask: UpdateMask,
  rules: UpdateRules<Field>,
): ReadonlySet<Field> {
  const masked = mask.paths !== undefined && mask.paths.length > 0;
  const paths = masked ? (mask.paths ?? []) : mask.populated.filter((it) => it !== rules.key);
  const refused = paths.filter((path) => rules.fixed.includes(path) || path === rules.key);
  if (refused.length > 0) throw unchangeable(refused, rules.prefix);
  if (paths.includes("*")) return new Set(rules.writable);
  const fields = paths.filter((path) => !rules.tolerated?.includes(path)).map(wholeField);
  const unknown = fields.find((field) => !isWritable(field, rules));
  if (unknown !== undefined) throw invalid("updateMask", `${unknown} names no field`);
  return new Set(fields.filter((field) => isWritable(field, rules)));
}

function isWritable<Field extends string>(path: string, rules: UpdateRules<Field>): path is Field {
  return rules.writable.some((field) => field === path);
}

/** A message of one field: that field's path means the whole. */
const wholes: ReadonlyMap<string, string> = new Map([
  ["retry_policy.delays", "retry_policy"],
  ["rate_limit.per_second", "rate_limit"],
]);

function wholeField(path: string): string {
  return wholes.get(path) ?? path;
}

function unchangeable(paths: readonly string[], prefix: string): AppError {
  const fields = paths.map((path) => ({
    field: `${prefix}.${toCamel(path)}`,
    description: "cannot be changed",
  }));
  const names = fields.map((problem) => problem.field).join(", ");
  return new AppError("invalid", `${names}: cannot be changed`, { fields });
}

/** Turns a proto field's name into its JSON name. */
export function toCamel(path: string): string {
  return path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
