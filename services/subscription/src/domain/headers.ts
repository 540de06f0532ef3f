import type { FieldProblem } from "@posthorn/errors";

/** Stands for a header's value in answers, and in an update for the value that is stored. */
export const mask = "***";

const sizeMax = 4_096;

/** Names and values of custom headers. */
export type Headers = Readonly<Record<string, string>>;

/**
 * Gives the headers to store: those given, with the stored value (found whatever the case of the
 * name) where `***` stands. What has no stored value keeps the `***`, which headerProblems refuses.
 */
export function mergeHeaders(given: Headers, stored: Headers): Headers {
  const values = new Map(Object.entries(stored).map(([name, value]) => [lower(name), value]));
  const merged = Object.entries(given).map(([name, value]) => [
    name,
    value === mask ? (values.get(lower(name)) ?? mask) : value,
  ]);
  return Object.fromEntries(merged);
}

/**
 * Gives what is wrong with custom headers. `field` is their path; `check` gives the problem of
 * one header, or undefined. No problem repeats a value.
 */
export function headerProblems(
  headers: Headers,
  field: string,
  check: (name: string, value: string) => string | undefined,
): FieldProblem[] {
  const entries = Object.entries(headers);
  const problems = entries.flatMap(([name, value]) => {
    const at = `${field}[${JSON.stringify(name)}]`;
    if (value === mask) {
      return [{ field: at, description: "*** stands for a stored value, and there is none" }];
    }
    const description = check(name, value);
    return description === undefined ? [] : [{ field: at, description }];
  });
  return [...problems, ...twiceNamed(entries, field), ...oversized(entries, field)];
}

function twiceNamed(entries: readonly [string, string][], field: string): FieldProblem[] {
  const names = new Set(entries.map(([name]) => lower(name)));
  if (names.size === entries.length) return [];
  return [{ field, description: "names that differ only by case are one header" }];
}

function oversized(entries: readonly [string, string][], field: string): FieldProblem[] {
  const size = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size <= sizeMax) return [];
  return [{ field, description: `names and values together take more than ${sizeMax} bytes` }];
}

function lower(name: string): string {
  return name.toLowerCase();
}
