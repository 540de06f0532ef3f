import type { FieldProblem } from "@posthorn/errors";
import type { Envelope, EnvelopeField, EnvelopeSource } from "./envelope.ts";
import { namedTwice, repeated } from "./repeated.ts";

/** What an event may come without. */
const mayBeAbsent: readonly EnvelopeSource[] = [
  "CONNECTION_ID",
  "INTEGRATION_NAME",
  "PREVIOUS_ATTRIBUTES",
];

/** Gives what is wrong with a provider's envelopes beyond the shapes of their fields. */
export function envelopeProblems(envelopes: readonly Envelope[]): FieldProblem[] {
  const versions = envelopes.map(({ version }) => version);
  return [
    ...namedTwice(versions, (index) => `envelopes[${index}].version`),
    ...envelopes.flatMap(({ fields = [] }, index) =>
      memberProblems(fields, `envelopes[${index}].fields`),
    ),
  ];
}

/** Gives what is wrong with the members of one body; `path` is that of their list. */
export function memberProblems(fields: readonly EnvelopeField[], path: string): FieldProblem[] {
  // Each nameless member stands for itself.
  const names = fields.map(({ name }, index) => name ?? `[${index}]`);
  const spreads = repeated(fields.map(({ spread }, index) => (spread ? "" : `[${index}]`)));
  return [
    ...fields.flatMap((field, index) =>
      optionProblems(field).map((problem) => ({
        ...problem,
        field: `${path}[${index}].${problem.field}`,
      })),
    ),
    ...namedTwice(names, (index) => `${path}[${index}].name`),
    ...spreads.map((index) => ({
      field: `${path}[${index}].spread`,
      description: "data is spread already",
    })),
  ];
}

function optionProblems(member: EnvelopeField): FieldProblem[] {
  const { name, source, spread = false, omitWhenAbsent = false, text } = member;
  const problems: readonly [boolean, string, string][] = [
    [name === undefined && !spread, "name", "is required"],
    [
      name !== undefined && spread,
      "name",
      "must be left out with spread: the members of data stand in the body itself",
    ],
    [spread && source !== "DATA", "spread", "is an option of DATA only"],
    [
      omitWhenAbsent && !mayBeAbsent.includes(source),
      "omitWhenAbsent",
      `is no option of ${source}, which is never absent`,
    ],
    [text !== undefined && source !== "TEXT", "text", "is an option of TEXT only"],
    [text === undefined && source === "TEXT", "text", "is required by TEXT"],
  ];
  return problems.flatMap(([isWrong, field, description]) =>
    isWrong ? [{ field, description }] : [],
  );
}
