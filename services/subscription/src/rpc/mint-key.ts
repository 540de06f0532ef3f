import { hashKey, newApiKey } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { type ApiKey, type ApiKeyDraft, hintOf } from "../domain/api-key.ts";
import { keyPrefixOf, type ProviderSettings } from "../domain/provider.ts";
import { insertApiKey } from "../store/api-keys.ts";
import type { Database } from "../store/database.ts";

const adminPrefix = "phadmin_";

/** Makes a key and stores its hash. Its text is in the answer and nowhere else. */
export async function mintKey(
  db: Kysely<Database>,
  draft: ApiKeyDraft,
  prefix: string,
): Promise<{ key: string; stored: ApiKey }> {
  const key = newApiKey(prefix);
  const traces = { id: newId("key"), sha256: hashKey(key), hint: hintOf(key, prefix) };
  return { key, stored: await insertApiKey(db, draft, traces) };
}

/** Makes a key of the instance and gives its text. */
export async function mintAdminKey(db: Kysely<Database>): Promise<string> {
  const draft = { provider: undefined, workspaceId: undefined, scopes: [], expireAt: undefined };
  const { key } = await mintKey(db, { level: "admin", ...draft }, adminPrefix);
  return key;
}

/** Makes an operator key of a provider, without an end, and gives its text. */
export async function mintOperatorKey(
  db: Kysely<Database>,
  provider: ProviderSettings,
): Promise<string> {
  const draft = { workspaceId: undefined, scopes: [], expireAt: undefined };
  const { key } = await mintKey(
    db,
    { level: "operator", provider: provider.name, ...draft },
    keyPrefixOf(provider),
  );
  return key;
}
