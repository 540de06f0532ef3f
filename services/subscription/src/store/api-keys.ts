import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { ApiKey, ApiKeyDraft, KeyLevel, ShownKey } from "../domain/api-key.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";

/** What is stored of a key beside what its draft says; never its text. */
export interface KeyTraces {
  /** `key_` + 26 characters. */
  readonly id: string;
  readonly sha256: Uint8Array;
  readonly hint: string;
}

/** Inserts a key. */
export async function insertApiKey(
  db: Kysely<Database>,
  draft: ApiKeyDraft,
  { id, sha256, hint }: KeyTraces,
): Promise<ApiKey> {
  const row = await db
    .insertInto("api_key")
    .values({
      id: requireUuid("key", id),
      level: draft.level,
      provider: draft.provider ?? null,
      workspace_id: draft.workspaceId === undefined ? null : requireUuid("ws", draft.workspaceId),
      scopes: [...draft.scopes],
      sha256,
      hint,
      expire_at: draft.expireAt ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** Gives the key with that SHA-256, with its provider's policy, unless it has expired; undefined when there is none. */
export async function getKeyByHash(
  db: Kysely<Database>,
  sha256: Uint8Array,
): Promise<ShownKey | undefined> {
  const row = await db
    .selectFrom("api_key")
    .leftJoin("provider", "provider.name", "api_key.provider")
    .selectAll("api_key")
    .select("provider.compat")
    .where("sha256", "=", Buffer.from(sha256))
    .where((eb) => eb.or([eb("expire_at", "is", null), eb("expire_at", ">", sql<Date>`now()`)]))
    .executeTakeFirst();
  return row && { ...fromRow(row), compat: row.compat ?? "" };
}

/** Gets a provider's key by its id; undefined when there is none. */
export async function getApiKey(
  db: Kysely<Database>,
  { provider, id }: { provider: string; id: string },
): Promise<ApiKey | undefined> {
  const row = await db
    .selectFrom("api_key")
    .selectAll()
    .where("provider", "=", provider)
    .where("id", "=", requireUuid("key", id))
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Tells whether there is any key at all. */
export async function hasAnyKey(db: Kysely<Database>): Promise<boolean> {
  const row = await db.selectFrom("api_key").select("id").limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Lists a provider's keys, newest first; those before the id `before` if given. */
export async function listApiKeys(
  db: Kysely<Database>,
  {
    provider,
    before,
    countMax,
  }: { provider: string; before: string | undefined; countMax: number },
): Promise<ApiKey[]> {
  let query = db.selectFrom("api_key").selectAll().where("provider", "=", provider);
  if (before !== undefined) query = query.where("id", "<", requireUuid("key", before));
  const rows = await query.orderBy("id", "desc").limit(countMax).execute();
  return rows.map(fromRow);
}

/** Deletes a provider's key; false when it has none by that id. */
export async function deleteApiKey(
  db: Kysely<Database>,
  { provider, id }: { provider: string; id: string },
): Promise<boolean> {
  const uuid = idToUuid("key", id);
  if (uuid === undefined) return false;
  const result = await db
    .deleteFrom("api_key")
    .where("provider", "=", provider)
    .where("id", "=", uuid)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function fromRow(row: Selectable<Database["api_key"]>): ApiKey {
  return {
    id: uuidToId("key", row.id),
    // The table checks it.
    level: row.level as KeyLevel,
    provider: row.provider ?? undefined,
    workspaceId: row.workspace_id === null ? undefined : uuidToId("ws", row.workspace_id),
    scopes: row.scopes,
    hint: row.hint,
    createdAt: row.created_at,
    expireAt: row.expire_at ?? undefined,
  };
}
