import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import { newId } from "@posthorn/runtime";
import { sql, type Transaction } from "kysely";
import type { FileBody } from "./domain/file-tree.ts";
import { isAlias } from "./domain/workspace.ts";
import type { Deps } from "./rpc/deps.ts";
import { mintAdminKey, mintOperatorKey } from "./rpc/mint-key.ts";
import { applyFile, checkEventTypes } from "./rpc/providers/apply-file.ts";
import { readProviderFile } from "./rpc/providers/read-file.ts";
import { hasAnyKey } from "./store/api-keys.ts";
import type { Database } from "./store/database.ts";
import { whileAvailable } from "./store/while-available.ts";
import { insertWorkspace } from "./store/workspaces.ts";

/** What a first start makes. */
export interface BootstrapOptions {
  /** The first provider's file. */
  readonly providerFile: FileBody;
  /** The alias of its first workspace. */
  readonly workspaceAlias: string;
  /**
   * Keeps the keys, which nobody can read again, before the first start is committed. When it
   * throws, nothing was made and the next start is again the first.
   */
  readonly keep?: (first: Bootstrapped) => Promise<void>;
}

/** What a first start made. */
export interface Bootstrapped {
  readonly adminKey: string;
  readonly operatorKey: string;
  readonly provider: string;
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
}

/**
 * Makes the first keys, provider and workspace of an empty database, all or none. Gives them once;
 * undefined when there is any key already. Of several processes that start at once, one does it.
 */
export async function bootstrap(
  { db, masterKey }: Deps,
  { providerFile, workspaceAlias, keep }: BootstrapOptions,
): Promise<Bootstrapped | undefined> {
  if (!isAlias(workspaceAlias)) throw new AppError("invalid", "workspaceAlias is no alias");
  const file = readProviderFile(providerFile);
  return await firstStart(
    db,
    () => checkEventTypes(db, file),
    async (tx) => {
      const { provider } = await applyFile(tx, masterKey, { file });
      const workspaceId = newId("ws");
      const draft = { provider: provider.name, id: workspaceId, alias: workspaceAlias };
      await insertWorkspace(tx, { ...draft, displayName: "" });
      const adminKey = await mintAdminKey(tx);
      const operatorKey = await mintOperatorKey(tx, provider);
      const first = { adminKey, operatorKey, provider: provider.name, workspaceId };
      await keep?.(first);
      return first;
    },
  );
}

/**
 * Makes only the admin key of an empty database, for those who bring their own providers. Gives
 * whether it did; `keep` is called before that is committed, as with `bootstrap`.
 */
export async function bootstrapAdmin(
  { db }: Pick<Deps, "db">,
  { keep }: { readonly keep: (adminKey: string) => Promise<void> },
): Promise<boolean> {
  const made = await firstStart(
    db,
    async () => {},
    async (tx) => {
      await keep(await mintAdminKey(tx));
      return true;
    },
  );
  return made ?? false;
}

/** Runs `make` in a transaction unless there is any key already, in one process at a time. */
async function firstStart<T>(
  db: Deps["db"],
  check: () => Promise<void>,
  make: (tx: Transaction<Database>) => Promise<T>,
): Promise<T | undefined> {
  return await whileAvailable(async () => {
    if (await hasAnyKey(db)) return undefined;
    await check();
    return await transaction(db, async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('subscription.bootstrap', 0))`.execute(
        tx,
      );
      return (await hasAnyKey(tx)) ? undefined : await make(tx);
    });
  });
}
