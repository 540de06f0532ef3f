import type { Path } from "@bufbuild/protobuf/reflect";
import type { Violation } from "@bufbuild/protovalidate";
import { AppError, type FieldProblem } from "@posthorn/errors";

/** How many problems one answer names at most. */
const problemCountMax = 50;

/** Gives the `invalid` error that names every broken field. */
export function fromViolations(violations: readonly Violation[]): AppError {
  return fromProblems(violations.map(toProblem));
}

/** Gives the `invalid` error of problems, 50 of them at most. */
export function fromProblems(problems: readonly FieldProblem[]): AppError {
  const fields = problems.slice(0, problemCountMax);
  const named = fields.slice(0, 3).map(({ field, description }) => `${field}: ${description}`);
  const more = problems.length - named.length;
  const message = named.join("; ") + (more > 0 ? `; and ${more} more` : "");
  return new AppError("invalid", message, { fields });
}

function toProblem(violation: Violation): FieldProblem {
  return { field: toJsonPath(violation.field), description: violation.message };
}

/** Writes a path as JSON names it: `event.type`, `events[3].type`, `headers["x-a"]`. */
function toJsonPath(path: Path): string {
  let text = "";
  for (const step of path) {
    switch (step.kind) {
      case "field":
        text += text === "" ? step.jsonName : `.${step.jsonName}`;
        break;
      case "list_sub":
        text += `[${step.index}]`;
        break;
      case "map_sub":
        text += `[${JSON.stringify(String(step.key))}]`;
        break;
      case "oneof":
      case "extension":
        text += text === "" ? step.name : `.${step.name}`;
        break;
    }
  }
  return text;
}
