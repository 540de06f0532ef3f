/** Gives the places of values that stand at an earlier place too. */
export function repeated(values: readonly string[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}

/** Gives a problem for each name that stands at an earlier place too; `field` gives its path. */
export function namedTwice(names: readonly string[], field: (index: number) => string) {
  return repeated(names).map((index) => ({
    field: field(index),
    description: `${names[index]} is named twice`,
  }));
}
