import type { FieldProblem } from "@posthorn/errors";
import { checkFilter } from "@posthorn/filter";
import { isConnectionEvent } from "./connection-check.ts";
import type { ConnectionPolicy } from "./connection-policy.ts";
import { spreadOf } from "./envelope.ts";
import { schemaProblems } from "./event-schema.ts";
import type { EventTypeDraft } from "./event-type.ts";
import type { ProviderSettings } from "./provider.ts";
import { spreadProblems } from "./spread-check.ts";

/**
 * Gives what is wrong with an event type: schema, example, filter, and how they fit the envelopes
 * and connections of its provider. `prefix` is its path in the request.
 */
export function eventTypeProblems(
  eventType: EventTypeDraft,
  settings: Policies,
  prefix: string,
): FieldProblem[] {
  const problems = schemaProblems(eventType, prefix);
  if (problems.length > 0) return problems;
  return [...fitProblems(eventType, settings, prefix), ...filterProblems(eventType, prefix)];
}

/** What event types have to fit. */
type Policies = Pick<ProviderSettings, "envelopes" | "connections">;

/** Gives how a sound event type does not fit the envelopes and connections of its provider. */
export function fitProblems(
  eventType: EventTypeDraft,
  { envelopes, connections }: Policies,
  prefix: string,
): FieldProblem[] {
  return [
    ...spreadProblems(eventType, spreadOf(envelopes), prefix),
    ...previousProblems(eventType, connections, prefix),
  ];
}

function previousProblems(
  { name, hasPrevious }: EventTypeDraft,
  connections: ConnectionPolicy | undefined,
  prefix: string,
): FieldProblem[] {
  if (!hasPrevious || !isConnectionEvent(connections, name)) return [];
  const description = "cannot be true: posthorn publishes the type of connections, and knows none";
  return [{ field: `${prefix}.hasPrevious`, description }];
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
