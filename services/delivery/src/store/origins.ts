import { idToUuid, uuidToId } from "@posthorn/runtime";
import type { Selectable } from "kysely";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { Database } from "./database.ts";

/** The columns of an event that tell its origin. */
export type OriginRow = Pick<
  Selectable<Database["event"]>,
  "connection_id" | "integration_name" | "previous_attributes"
>;

/** Reads an event's origin. */
export function toOrigin(row: OriginRow): EventOrigin {
  if (row.connection_id === null && row.previous_attributes === null) return {};
  return {
    connectionId: toConnectionId(row),
    integrationName: row.integration_name ?? undefined,
    previousAttributes: row.previous_attributes ?? undefined,
  };
}

/** Reads the id of a connection; undefined for none. */
export function toConnectionId({
  connection_id,
}: Pick<OriginRow, "connection_id">): string | undefined {
  return connection_id === null ? undefined : uuidToId("conn", connection_id);
}

/** Gives the UUID of a connection's id; empty for none. */
export function connectionUuid({ connectionId }: EventOrigin): string {
  return (connectionId !== undefined && idToUuid("conn", connectionId)) || "";
}
