import { AppError, type FieldProblem } from "@posthorn/errors";

/** What another API calls the fields of Posthorn's own, such as `webhook.eventTypes` → `on`. */
export type FieldNames = Readonly<Record<string, string>>;

/**
 * Gives a refusal of Posthorn's own API in the words of another: fields by the other's names, also
 * in the message. A list that is one value over there, a name without `[]`, loses its index.
 * Anything but an AppError that names fields is given back as it is.
 */
export function inWordsOf(names: FieldNames, error: unknown): unknown {
  if (!(error instanceof AppError) || error.fields.length === 0) return error;
  const fields = error.fields.map((problem) => renamed(names, problem));
  const message = error.fields.reduce((text, { field }, index) => {
    return text.replaceAll(`${field}:`, `${fields[index]?.field}:`);
  }, error.message);
  const { retryAfterMs } = error;
  return new AppError(error.reason, message, {
    fields,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function renamed(names: FieldNames, problem: FieldProblem): FieldProblem {
  const [, path = problem.field, index = ""] = /^(.*?)(\[\d+\])?$/.exec(problem.field) ?? [];
  const name = names[path];
  if (name === undefined) return problem;
  const field = name.endsWith("[]") ? `${name.slice(0, -2)}${index}` : name;
  return { ...problem, field };
}
