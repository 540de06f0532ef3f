/** How far a connection's sync is. FIRST_SYNC lasts from its creation to the first completion. */
export type SyncState = "FIRST_SYNC" | "SYNCING" | "SYNCED";

/** What callers say of a connection. */
export interface ConnectionDraft {
  readonly integrationName: string;
  /** Empty: the integration's name. */
  readonly displayName: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A source of events inside a workspace. */
export interface Connection extends ConnectionDraft {
  /** `conn_` + 26 characters. */
  readonly id: string;
  readonly syncState: SyncState;
  /** Undefined until its first sync is complete. */
  readonly firstSyncCompletedAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The fields that an update may change, as proto names them. */
export const connectionFields = ["integration_name", "display_name", "metadata"] as const;

/** A field that an update may change. */
export type ConnectionField = (typeof connectionFields)[number];

/** The fields that only Posthorn sets, but for the id. */
export const connectionOutputOnly = [
  "sync_state",
  "first_sync_complete_time",
  "create_time",
  "update_time",
] as const;

/** How many connections a workspace may have. */
export const connectionsMax = 1_000;

/** Gives a connection's settings with the named fields as drafted. */
export function updatedConnection(
  connection: ConnectionDraft,
  draft: ConnectionDraft,
  fields: ReadonlySet<ConnectionField>,
): ConnectionDraft {
  const from = (field: ConnectionField) => (fields.has(field) ? draft : connection);
  return {
    integrationName: from("integration_name").integrationName,
    displayName: from("display_name").displayName,
    metadata: from("metadata").metadata,
  };
}

/** Gives the state when a sync begins: a first sync that runs is not a later one. */
export function startedSync(state: SyncState): SyncState {
  return state === "FIRST_SYNC" ? "FIRST_SYNC" : "SYNCING";
}
