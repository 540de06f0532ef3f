import { unwrapDataKey } from "@posthorn/sealing";
import type { Deps } from "./rpc/deps.ts";
import { listProviders } from "./store/providers.ts";

/**
 * Tells whether the secrets of this database can be read with the master key at hand: true as well
 * while there are none. To be asked before anything serves, since every send would fail.
 */
export async function fitsMasterKey({
  db,
  masterKey,
}: Pick<Deps, "db" | "masterKey">): Promise<boolean> {
  const [provider] = await listProviders(db, { after: "", countMax: 1 });
  if (provider === undefined) return true;
  try {
    unwrapDataKey(masterKey, provider.wrappedDataKey);
    return true;
  } catch {
    // Another master key wrapped it, or it is damaged: it cannot be read either way.
    return false;
  }
}
