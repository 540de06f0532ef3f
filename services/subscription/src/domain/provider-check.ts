import type { FieldProblem } from "@posthorn/errors";
import { connectionProblems } from "./connection-check.ts";
import { envelopeProblems } from "./envelope-check.ts";
import { secretPolicyProblems, webhookFormProblems } from "./policy-check.ts";
import type { ProviderFile } from "./provider-changes.ts";
import { namedTwice } from "./repeated.ts";
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
    ...envelopeProblems(settings.envelopes),
    ...secretPolicyProblems(settings),
    ...webhookFormProblems(settings),
    ...connectionProblems({ settings, eventTypes }),
    ...namedTwice(names, (index) => `eventTypes[${index}].name`),
    ...names.flatMap((name, index) =>
      isReservedName(name)
        ? { field: `eventTypes[${index}].name`, description: reservedProblem }
        : [],
    ),
  ];
}
