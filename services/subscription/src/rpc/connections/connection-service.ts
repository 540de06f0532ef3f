import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { invalid } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import { ConnectionSchema } from "@posthorn/proto/posthorn/subscription/v1/connection";
import type {
  ConnectionService,
  UpdateConnectionRequest,
} from "@posthorn/proto/posthorn/subscription/v1/connection_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import type { Kysely } from "kysely";
import {
  type Connection,
  connectionFields,
  connectionOutputOnly,
  startedSync,
  updatedConnection,
} from "../../domain/connection.ts";
import { fieldsToUpdate } from "../../domain/update-mask.ts";
import {
  endFirstSync,
  getConnection,
  listConnections,
  markDeleted,
  updateConnection,
  updateSyncState,
} from "../../store/connections.ts";
import type { Database } from "../../store/database.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { populatedFields } from "../output-only.ts";
import { readPage } from "../page.ts";
import { requireFound, requireMessage } from "../require.ts";
import { toDraft, toMessage } from "./connection-message.ts";
import { createConnection } from "./create-connection.ts";
import { recordEvent } from "./record-event.ts";

const rules = {
  prefix: "connection",
  writable: connectionFields,
  fixed: connectionOutputOnly,
  key: "id",
} as const;

/** The handlers of ConnectionService. Changes below a workspace come one after the other. */
export function connectionService(deps: Deps): ServiceImpl<typeof ConnectionService> {
  const { db, pageTokens } = deps;
  return {
    createConnection: (request, context) => createConnection(deps, request, context),
    updateConnection: (request, context) => update(deps, request, context),

    async getConnection({ connection: connectionId }, context) {
      const workspaceId = workspaceIdOf(context);
      const found = await getConnection(db, { workspaceId, connectionId });
      return toMessage(requireFound(found, "connection", connectionId));
    },

    async listConnections(request, context) {
      const workspaceId = workspaceIdOf(context);
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: `connections of ${workspaceId}`,
        request,
        list: (before, countMax) => listConnections(db, { workspaceId, before, countMax }),
        positionOf: (connection) => connection.id,
      });
      return { connections: items.map(toMessage), nextPageToken };
    },

    async deleteConnection({ connection: connectionId }, context) {
      const { provider } = principalOf(context);
      await changing(deps, connectionId, context, async (tx, connection, key) => {
        const occurredAt = await markDeleted(tx, key);
        const owner = { provider, workspaceId: key.workspaceId };
        await recordEvent(tx, owner, connection, { kind: "DELETED", occurredAt });
      });
      deps.wakeRelay();
      return {};
    },

    async startSync({ connection: connectionId }, context) {
      const changed = await changing(deps, connectionId, context, (tx, connection, key) => {
        const state = startedSync(connection.syncState);
        if (state === "FIRST_SYNC" || state === connection.syncState) return connection;
        return updateSyncState(tx, key, state);
      });
      return toMessage(changed);
    },

    async completeSync({ connection: connectionId }, context) {
      const { provider } = principalOf(context);
      const changed = await changing(deps, connectionId, context, async (tx, connection, key) => {
        if (connection.syncState === "SYNCED") return connection;
        if (connection.syncState === "SYNCING") return await updateSyncState(tx, key, "SYNCED");
        const synced = await endFirstSync(tx, key);
        const happened = {
          kind: "SYNC_COMPLETED",
          occurredAt: synced.firstSyncCompletedAt,
        } as const;
        await recordEvent(tx, { provider, workspaceId: key.workspaceId }, synced, happened);
        await raiseVersion(tx, key.workspaceId);
        return synced;
      });
      deps.wakeRelay();
      return toMessage(changed);
    },
  };
}

async function update(deps: Deps, request: UpdateConnectionRequest, context: HandlerContext) {
  const message = requireMessage(request.connection, "connection");
  const populated = populatedFields(ConnectionSchema, message);
  const fields = fieldsToUpdate({ paths: request.updateMask?.paths, populated }, rules);
  const draft = toDraft(message);
  if (fields.has("integration_name") && draft.integrationName === "") {
    throw invalid("connection.integrationName", "is required");
  }
  const changed = await changing(deps, message.id, context, (tx, connection, key) =>
    updateConnection(tx, key, updatedConnection(connection, draft, fields)),
  );
  return toMessage(changed);
}

/** Runs a change of a connection that is there, under the workspace's lock. */
async function changing<T>(
  { db }: Deps,
  connectionId: string,
  context: HandlerContext,
  change: (
    tx: Kysely<Database>,
    connection: Connection,
    key: { workspaceId: string; connectionId: string },
  ) => T | Promise<T>,
): Promise<T> {
  const workspaceId = workspaceIdOf(context);
  return await transaction(db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    const found = await getConnection(tx, { workspaceId, connectionId });
    const connection = requireFound(found, "connection", connectionId);
    return await change(tx, connection, { workspaceId, connectionId });
  });
}
