import { type AppError, invalid } from "@posthorn/errors";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";

/**
 * Gives the refusal of an event whose connection its workspace never had (undefined) or has no
 * more, undefined when it has it. `field` is the event's JSON path.
 */
export function connectionProblem(
  { connection }: Event,
  field: string,
  found: { readonly isDeleted: boolean } | undefined,
): AppError | undefined {
  const name = connection.slice(0, 64);
  if (found === undefined) {
    const description = `${name} is no connection of the workspace`;
    return invalid(`${field}.connection`, description, "unknown_connection");
  }
  if (!found.isDeleted) return undefined;
  return invalid(`${field}.connection`, `${name} is deleted`, "deleted_connection");
}
