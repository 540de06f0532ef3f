import type { FieldProblem } from "@posthorn/errors";
import { checkFilter } from "@posthorn/filter";
import type { Spread } from "./envelope.ts";
import { schemaProblems } from "./event-schema.ts";
import type { EventTypeDraft } from "./event-type.ts";
import { spreadProblems } from "./spread-check.ts";

/**
 * Gives what is wrong with an event type: schema, example, filter, and how they fit the envelopes
 * of its provider. `prefix` is its path in the request.
 */
export function eventTypeProblems(
  eventType: EventTypeDraft,
  spread: Spread,
  prefix: string,
): FieldProblem[] {
  const problems = schemaProblems(eventType, prefix);
  if (problems.length > 0) return problems;
  return [...spreadProblems(eventType, spread, prefix), ...filterProblems(eventType, prefix)];
}

function filterProblems({ filter, schema }: EventTypeDraft, prefix: string): FieldProblem[] {
  if (filter === "") return [];
  const parsed: unknown = schema.length === 0 ? undefined : JSON.parse(decode(schema));
  return checkFilter(filter, { schemas: [parsed] }).map(({ message }) => ({
    field: `${prefix}.filter`,
    description: message,
  }));
}

function decode(text: Uint8Array): string {
  return new TextDecoder().decode(text);
}
