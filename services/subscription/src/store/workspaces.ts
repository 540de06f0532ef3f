import { AppError } from "@posthorn/errors";
import { isUniqueViolation } from "@posthorn/postgres";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Workspace } from "../domain/workspace.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";

/** Names a workspace within its provider. */
export interface WorkspaceKey {
  readonly provider: string;
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
}

/** Gives a workspace of a provider; undefined when it has none by that id. */
export async function getWorkspace(
  db: Kysely<Database>,
  { provider, workspaceId }: WorkspaceKey,
): Promise<Workspace | undefined> {
  const uuid = idToUuid("ws", workspaceId);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("workspace")
    .selectAll()
    .where("provider", "=", provider)
    .where("id", "=", uuid)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Gives the id of the provider's workspace of that alias; undefined when it has none. */
export async function findWorkspaceId(
  db: Kysely<Database>,
  { provider, alias }: { provider: string; alias: string },
): Promise<string | undefined> {
  const row = await db
    .selectFrom("workspace")
    .select("id")
    .where("provider", "=", provider)
    .where("alias", "=", alias)
    .executeTakeFirst();
  return row && uuidToId("ws", row.id);
}

/** Lists a provider's workspaces, newest first; those before the id `before` if given. */
export async function listWorkspaces(
  db: Kysely<Database>,
  {
    provider,
    before,
    countMax,
  }: { provider: string; before: string | undefined; countMax: number },
): Promise<Workspace[]> {
  let query = db.selectFrom("workspace").selectAll().where("provider", "=", provider);
  if (before !== undefined) query = query.where("id", "<", requireUuid("ws", before));
  const rows = await query.orderBy("id", "desc").limit(countMax).execute();
  return rows.map(fromRow);
}

/** Inserts a workspace. Throws `exists` when the alias is taken within the provider. */
export async function insertWorkspace(
  db: Kysely<Database>,
  {
    provider,
    id,
    alias,
    displayName,
  }: Pick<Workspace, "provider" | "id" | "alias" | "displayName">,
): Promise<Workspace> {
  try {
    const row = await db
      .insertInto("workspace")
      .values({
        provider,
        id: requireUuid("ws", id),
        alias: alias === "" ? null : alias,
        display_name: displayName,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return fromRow(row);
  } catch (error) {
    if (isUniqueViolation(error, "workspace_provider_alias_key")) {
      throw new AppError("exists", `workspace ${alias} exists`, { cause: error });
    }
    throw error;
  }
}

/** The provider's own workspace, where Posthorn tells it of webhooks and deliveries that fail. */
const operationsAlias = "posthorn.operations";

/**
 * Inserts a workspace under an alias, if its provider exists and lets operators create workspaces
 * by naming them, or it is that of operations. Does nothing when the alias is taken: find it after.
 */
export async function insertNamedWorkspace(
  db: Kysely<Database>,
  { provider, id, alias }: { provider: string; id: string; alias: string },
): Promise<void> {
  await sql`insert into subscription.workspace (provider, id, alias, display_name)
    select name, ${requireUuid("ws", id)}::uuid, ${alias}, ''
    from subscription.provider
    where name = ${provider} and (not workspaces_must_exist or ${alias} = ${operationsAlias})
    on conflict (provider, alias) do nothing`.execute(db);
}

/** Writes a workspace's display name; undefined when the provider has none by that id. */
export async function updateDisplayName(
  db: Kysely<Database>,
  { provider, workspaceId, displayName }: WorkspaceKey & { displayName: string },
): Promise<Workspace | undefined> {
  const row = await db
    .updateTable("workspace")
    .set({ display_name: displayName, updated_at: sql`now()` })
    .where("provider", "=", provider)
    .where("id", "=", requireUuid("ws", workspaceId))
    .returningAll()
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Deletes a workspace with its webhooks, secrets and keys; false when there is none. */
export async function deleteWorkspace(
  db: Kysely<Database>,
  { provider, workspaceId }: WorkspaceKey,
): Promise<boolean> {
  const result = await db
    .deleteFrom("workspace")
    .where("provider", "=", provider)
    .where("id", "=", requireUuid("ws", workspaceId))
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/**
 * Locks a workspace until the transaction ends, so that changes below it come one after the
 * other. Throws `not_found` when it is gone.
 */
export async function lockWorkspace(db: Kysely<Database>, workspaceId: string): Promise<void> {
  if (await tryLockWorkspace(db, workspaceId)) return;
  throw new AppError("not_found", `workspace ${workspaceId} was not found`);
}

/** Locks a workspace as lockWorkspace does; false when it is gone. */
export async function tryLockWorkspace(
  db: Kysely<Database>,
  workspaceId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom("workspace")
    .select("id")
    .where("id", "=", requireUuid("ws", workspaceId))
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/** Raises the version of a workspace that is locked, for a change below it; gives the new one. */
export async function raiseVersion(db: Kysely<Database>, workspaceId: string): Promise<bigint> {
  const row = await db
    .updateTable("workspace")
    .set({ version: sql`version + 1` })
    .where("id", "=", requireUuid("ws", workspaceId))
    .returning("version")
    .executeTakeFirstOrThrow();
  return BigInt(row.version);
}

function fromRow(row: Selectable<Database["workspace"]>): Workspace {
  return {
    provider: row.provider,
    id: uuidToId("ws", row.id),
    alias: row.alias ?? "",
    displayName: row.display_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
