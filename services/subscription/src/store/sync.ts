import { uuidToId } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { Provider } from "../domain/provider.ts";
import type { Webhook } from "../domain/webhook.ts";
import { readSyncedConnections, type SyncedConnection } from "./connections.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";
import { fromRow as toProvider } from "./providers.ts";
import { fromRow as toWebhook } from "./webhooks.ts";

/** The version of a workspace that is gone: none comes after it. */
export const goneVersion = 2n ** 63n - 1n;

/** What a caller knows. */
export interface Known {
  /** Versions by workspace id (`ws_` + 26 characters). */
  readonly workspaces: ReadonlyMap<string, bigint>;
  /** Revisions by provider name. */
  readonly providers: ReadonlyMap<string, bigint>;
}

/** What differs from what a caller knows. */
export interface Changed {
  readonly workspaceIds: readonly string[];
  readonly providers: readonly string[];
}

/**
 * Gives which of the known workspaces, and of their providers, stand at another version now. One
 * statement; it reads no webhook. A workspace that is gone stands at `goneVersion`.
 */
export async function listChanged(db: Kysely<Database>, known: Known): Promise<Changed> {
  const ids = [...known.workspaces.keys()].map((id) => requireUuid("ws", id));
  const { rows } = await sql<{ id: string; changed: boolean; provider: string | null }>`/*changed*/
    select known.id, coalesce(w.version, ${goneVersion}) <> known.version as changed,
      case when p.revision <> coalesce(kp.revision, 0) then p.name end as provider
    from unnest(${ids}::uuid[], ${[...known.workspaces.values()]}::bigint[]) as known (id, version)
    left join subscription.workspace w on w.id = known.id
    left join subscription.provider p on p.name = w.provider
    left join unnest(${[...known.providers.keys()]}::text[],
      ${[...known.providers.values()]}::bigint[]) as kp (name, revision) on kp.name = p.name
    where coalesce(w.version, ${goneVersion}) <> known.version
      or p.revision <> coalesce(kp.revision, 0)`.execute(db);
  return {
    workspaceIds: rows.filter((row) => row.changed).map((row) => uuidToId("ws", row.id)),
    providers: [...new Set(rows.flatMap((row) => row.provider ?? []))],
  };
}

/** A sealed signing secret. */
export interface SealedSecret {
  readonly sealed: Uint8Array;
  /** Undefined: it is the present one. */
  readonly expireAt: Date | undefined;
}

/** All that delivery has to know of a workspace. */
export interface WorkspaceState {
  readonly workspaceId: string;
  readonly version: bigint;
  readonly provider: string;
  readonly webhooks: readonly (Webhook & { readonly secrets: readonly SealedSecret[] })[];
  readonly connections: readonly SyncedConnection[];
}

/**
 * Reads workspaces with their webhooks, the secrets that sign now, newest first, and the connections
 * whose first sync matters. What is gone
 * is left out. The transaction must be `repeatable read`, so that versions and contents agree.
 */
export async function readWorkspaces(
  db: Kysely<Database>,
  workspaceIds: readonly string[],
): Promise<WorkspaceState[]> {
  if (workspaceIds.length === 0) return [];
  const ids = sql<string>`any(${workspaceIds.map((id) => requireUuid("ws", id))}::uuid[])`;
  const workspaces = await db
    .selectFrom("workspace")
    .select(["id", "version", "provider"])
    .where("id", "=", ids)
    .execute();
  const webhooks = await db
    .selectFrom("webhook")
    .selectAll()
    .where("workspace_id", "=", ids)
    .orderBy("id")
    .execute();
  const secrets = await db
    .selectFrom("webhook_secret")
    .select(["webhook_id", "sealed", "expire_at"])
    .where("workspace_id", "=", ids)
    .where((eb) => eb.or([eb("expire_at", "is", null), eb("expire_at", ">", sql<Date>`now()`)]))
    .orderBy("version", "desc")
    .execute();
  const connectionsOf = await readSyncedConnections(
    db,
    workspaces.map(({ id }) => id),
  );
  const secretsOf = Map.groupBy(secrets, (row) => row.webhook_id);
  const webhooksOf = Map.groupBy(webhooks, (row) => row.workspace_id);
  return workspaces.map((row) => ({
    workspaceId: uuidToId("ws", row.id),
    version: BigInt(row.version),
    provider: row.provider,
    connections: connectionsOf.get(row.id) ?? [],
    webhooks: (webhooksOf.get(row.id) ?? []).map((webhook) => ({
      ...toWebhook(webhook),
      secrets: (secretsOf.get(webhook.id) ?? []).map((secret) => ({
        sealed: secret.sealed,
        expireAt: secret.expire_at ?? undefined,
      })),
    })),
  }));
}

/** All that delivery has to know of a provider. */
export interface ProviderState extends Provider {
  /** The event types whose events are not all sent, and which are: CEL. */
  readonly eventTypeFilters: readonly { readonly eventType: string; readonly filter: string }[];
}

/** Reads the providers of those names, each as of the transaction's snapshot. */
export async function readProviders(
  db: Kysely<Database>,
  names: readonly string[],
): Promise<ProviderState[]> {
  if (names.length === 0) return [];
  const providers = sql<string>`any(${[...names]}::text[])`;
  const rows = await db.selectFrom("provider").selectAll().where("name", "=", providers).execute();
  const filters = await db
    .selectFrom("event_type")
    .select(["provider", "name as eventType", "filter"])
    .where("provider", "=", providers)
    .where("filter", "<>", "")
    .orderBy("name")
    .execute();
  const filtersOf = Map.groupBy(filters, ({ provider }) => provider);
  return rows.map((row) => ({
    ...toProvider(row),
    eventTypeFilters: filtersOf.get(row.name) ?? [],
  }));
}
