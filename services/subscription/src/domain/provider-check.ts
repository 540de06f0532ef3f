import type { FieldProblem } from "@posthorn/errors";
import type { ProviderFile } from "./provider-changes.ts";
import { isReservedName, reservedProblem } from "./reserved-type.ts";
import { retryProblems } from "./retry-delays.ts";
import { signatureProblems } from "./signature-check.ts";

/**
 * Gives what is wrong with a provider file beyond the shapes of its fields; not its schemas.
 * `checkHeader` gives why a header cannot be a signature's, or undefined.
 */
export function providerProblems(
  { settings, eventTypes }: ProviderFile,
  checkHeader: (name: string) => string | undefined,
): FieldProblem[] {
  const names = eventTypes.map(({ name }) => name);
  return [
    ...retryProblems(settings.retryDelaysMs, "retryPolicy.delays"),
    ...signatureProblems(settings.signatures, checkHeader),
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
