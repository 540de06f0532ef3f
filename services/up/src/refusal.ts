import { AppError } from "@posthorn/errors";
import { ConfigError } from "@posthorn/runtime";

/** Why it cannot run, in one line that says what to do; shown without a stack. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/**
 * Gives what to tell the person who started it; undefined for a defect, whose stack is wanted.
 * Of several failures only the first ones of a kind are told.
 */
export function linesOf(error: unknown): readonly string[] | undefined {
  if (error instanceof Refusal) return [error.message];
  if (error instanceof ConfigError) {
    const problems = error.problems.map((text) => `  ${text}`);
    return ["Posthorn cannot start with these settings:", ...problems];
  }
  if (error instanceof AppError) return [`Posthorn cannot run: ${error.message}.`];
  if (error instanceof AggregateError) return linesOfAll(error.errors);
  return error instanceof Error && error.cause !== undefined ? linesOf(error.cause) : undefined;
}

function linesOfAll(errors: readonly unknown[]): readonly string[] | undefined {
  const lines = errors.map(linesOf);
  if (lines.some((some) => some === undefined)) return undefined;
  return [...new Set(lines.flatMap((some) => some ?? []))];
}
