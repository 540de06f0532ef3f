import type { HandlerContext } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import {
  type Connection as ConnectionMessage,
  ConnectionSchema,
} from "@posthorn/proto/posthorn/subscription/v1/connection";
import type { CreateConnectionRequest } from "@posthorn/proto/posthorn/subscription/v1/connection_service";
import { ensureWorkspaceOf, principalOf } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { connectionOutputOnly, connectionsMax } from "../../domain/connection.ts";
import { countConnections, insertConnection } from "../../store/connections.ts";
import type { Database } from "../../store/database.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { refuseOutputOnly } from "../output-only.ts";
import { requireMessage } from "../require.ts";
import { toDraft, toMessage } from "./connection-message.ts";
import { recordEvent } from "./record-event.ts";

const outputOnly = ["id", ...connectionOutputOnly];

/** Creates a connection, and leaves the event of it. The workspace's lock keeps the limit. */
export async function createConnection(
  deps: Deps,
  request: CreateConnectionRequest,
  context: HandlerContext,
): Promise<ConnectionMessage> {
  const message = requireMessage(request.connection, "connection");
  refuseOutputOnly(ConnectionSchema, message, { names: outputOnly, prefix: "connection" });
  const draft = toDraft(message);
  if (draft.integrationName === "") throw invalid("connection.integrationName", "is required");
  const { provider } = principalOf(context);
  const workspaceId = await ensureWorkspaceOf(context);
  const connectionId = newId("conn");
  const connection = await transaction(deps.db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    await checkRoom(tx, workspaceId);
    const inserted = await insertConnection(tx, { workspaceId, connectionId }, draft);
    const happened = { kind: "CREATED", occurredAt: inserted.createdAt } as const;
    await recordEvent(tx, { provider, workspaceId }, inserted, happened);
    await raiseVersion(tx, workspaceId);
    return inserted;
  });
  deps.wakeRelay();
  return toMessage(connection);
}

async function checkRoom(tx: Kysely<Database>, workspaceId: string): Promise<void> {
  if ((await countConnections(tx, workspaceId)) < connectionsMax) return;
  const message = `the workspace has ${connectionsMax} connections, as many as it may`;
  throw new AppError("precondition", message);
}
