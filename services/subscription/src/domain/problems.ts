import { AppError, type FieldProblem } from "@posthorn/errors";

/** How many problems one answer names at most. */
const problemCountMax = 50;

/** Throws one `invalid` that names every problem (50 at most); does nothing when there is none. */
export function refuseProblems(problems: readonly FieldProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new AppError("invalid", `${first.field}: ${first.description}${more}`, {
    fields: problems.slice(0, problemCountMax),
  });
}
