import { type DataKey, unwrapDataKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import type { Provider } from "../../domain/provider.ts";
import { checkOldSecrets, isAtOnce, overlapOf } from "../../domain/secret-rotation.ts";
import type { Database } from "../../store/database.ts";
import { insertSecret, listSecrets, retireSecrets } from "../../store/webhook-secrets.ts";
import type { WebhookKey } from "../../store/webhooks.ts";
import type { Deps } from "../deps.ts";
import { openSecret, sealSecret } from "./seals.ts";

/** Gives the present secret of a webhook; empty when it has none. */
export async function readSecret(
  db: Kysely<Database>,
  { workspaceId, webhookId }: WebhookKey,
  dataKey: DataKey,
): Promise<string> {
  const sealed = await listSecrets(db, { workspaceId, webhookIds: [webhookId] });
  const [present] = sealed.get(webhookId) ?? [];
  return present === undefined ? "" : openSecret(dataKey, webhookId, present);
}

/** A secret to set. */
export interface NewSecret extends WebhookKey {
  /** What the workspace was raised to for it. */
  readonly version: bigint;
  /** Empty takes the present one away, at once. */
  readonly secret: string;
  /** How long the old one signs on. Undefined: as the provider has it. */
  readonly overlapMs?: number | undefined;
}

/**
 * Writes a webhook's new secret; the old ones end as the provider has it. Gives whether the answer
 * has to wait until nobody acts on the old one. Throws `precondition` when too many would sign on.
 */
export async function writeSecret(
  tx: Kysely<Database>,
  { masterKey }: Pick<Deps, "masterKey">,
  provider: Provider,
  { secret, overlapMs: askedMs, ...key }: NewSecret,
): Promise<boolean> {
  const overlapMs = secret === "" ? 0 : overlapOf(provider, askedMs);
  checkOldSecrets(await retireSecrets(tx, key, overlapMs));
  if (secret !== "") {
    const dataKey = unwrapDataKey(masterKey, provider.wrappedDataKey);
    await insertSecret(tx, key, sealSecret(dataKey, key.webhookId, secret));
  }
  return isAtOnce(provider, overlapMs);
}
