import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  Connection_SyncState,
  ConnectionSchema,
  type Connection as Message,
} from "@posthorn/proto/posthorn/subscription/v1/connection";
import type { Connection, ConnectionDraft } from "../../domain/connection.ts";

/** Gives what a message says of the fields that a caller may set. */
export function toDraft({ integrationName, displayName, metadata }: Message): ConnectionDraft {
  return { integrationName, displayName, metadata: { ...metadata } };
}

/** Gives the message of a connection. */
export function toMessage(connection: Connection): Message {
  const { firstSyncCompletedAt } = connection;
  return create(ConnectionSchema, {
    id: connection.id,
    integrationName: connection.integrationName,
    displayName: connection.displayName,
    syncState: Connection_SyncState[connection.syncState],
    firstSyncCompleteTime: firstSyncCompletedAt && timestampFromDate(firstSyncCompletedAt),
    metadata: { ...connection.metadata },
    createTime: timestampFromDate(connection.createdAt),
    updateTime: timestampFromDate(connection.updatedAt),
  });
}
