import type { Authority, Principal } from "@posthorn/rpc";
import { hashKey, isWellFormedKey } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { ShownKey } from "../domain/api-key.ts";
import { isProviderName } from "../domain/provider.ts";
import { isAlias } from "../domain/workspace.ts";
import { getKeyByHash } from "../store/api-keys.ts";
import type { Database } from "../store/database.ts";
import { whileAvailable } from "../store/while-available.ts";
import { findWorkspaceId, getWorkspace, insertNamedWorkspace } from "../store/workspaces.ts";

/** Which workspace is meant. */
export type WorkspaceQuery = Parameters<Authority["resolveWorkspace"]>[0];

/**
 * Knows keys and workspaces from the tables, without a cache: a revoked key is refused at once.
 * A key whose checksum is wrong never reaches the database.
 */
export function storeAuthority(db: Kysely<Database>): Authority {
  return {
    async checkKey(key) {
      if (!isWellFormedKey(key)) return undefined;
      const found = await whileAvailable(() => getKeyByHash(db, hashKey(key)));
      return found && toPrincipal(found);
    },
    resolveWorkspace: (query) => whileAvailable(() => resolveWorkspace(db, query)),
  };
}

/**
 * Gives the id of a workspace named by id or alias; creates it under that alias if that is asked
 * and the provider allows it. Undefined when the provider has none such.
 */
export async function resolveWorkspace(
  db: Kysely<Database>,
  { provider, workspace, create }: WorkspaceQuery,
): Promise<string | undefined> {
  if (!isProviderName(provider)) return undefined;
  if (!isAlias(workspace)) {
    const found = await getWorkspace(db, { provider, workspaceId: workspace });
    return found?.id;
  }
  const known = await findWorkspaceId(db, { provider, alias: workspace });
  if (known !== undefined || !create) return known;
  await insertNamedWorkspace(db, { provider, id: newId("ws"), alias: workspace });
  return await findWorkspaceId(db, { provider, alias: workspace });
}

function toPrincipal(key: ShownKey): Principal {
  return {
    keyId: key.id,
    level: key.level,
    provider: key.provider ?? "",
    ...(key.workspaceId === undefined ? {} : { workspaceId: key.workspaceId }),
    scopes: key.scopes,
    compat: key.compat,
  };
}
