import type { FieldProblem } from "@posthorn/errors";
import type { ProviderFile } from "./provider-changes.ts";
import { isReservedName, reservedProblem } from "./reserved-type.ts";
import { retryProblems } from "./retry-delays.ts";

/** Gives what is wrong with a provider file beyond the shapes of its fields; not its schemas. */
export function providerProblems({ settings, eventTypes }: ProviderFile): FieldProblem[] {
  const names = eventTypes.map(({ name }) => name);
  return [
    ...retryProblems(settings.retryDelaysMs, "retryPolicy.delays"),
    ...repeated(settings.signatures).map((index) => ({
      field: `signatures[${index}].scheme`,
      description: "is named twice",
    })),
    ...repeated(names).map((index) => ({
      field: `eventTypes[${index}].name`,
      description: `${names[index]} is named twice`,
    })),
    ...names.flatMap((name, index) =>
      isReservedName(name)
        ? { field: `eventTypes[${index}].name`, description: reservedProblem }
        : [],
    ),
  ];
}

/** Gives the places of values that stand at an earlier place too. */
function repeated(values: readonly string[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}
