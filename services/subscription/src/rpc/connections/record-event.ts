import type { Kysely } from "kysely";
import type { Connection } from "../../domain/connection.ts";
import { type ConnectionEventDraft, connectionEvent } from "../../domain/connection-event.ts";
import { insertConnectionEvent } from "../../store/connection-events.ts";
import type { Database } from "../../store/database.ts";
import { requireProvider } from "../require.ts";

/**
 * Leaves the event of what became of a connection, where the provider has one, in the transaction
 * of the change: it is published if and only if that is committed.
 */
export async function recordEvent(
  tx: Kysely<Database>,
  owner: { readonly provider: string; readonly workspaceId: string },
  connection: Pick<Connection, "id" | "integrationName">,
  happened: Pick<ConnectionEventDraft, "kind" | "occurredAt">,
): Promise<void> {
  const { connections } = await requireProvider(tx, owner.provider);
  const event = connectionEvent(connections, connection, happened);
  if (event !== undefined) await insertConnectionEvent(tx, owner, event);
}
