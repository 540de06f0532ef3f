import type { Webhook as Message } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { signingSeed, unwrapDataKey } from "@posthorn/sealing";
import { signingKeyOf } from "@posthorn/signature";
import { hasPublicKeys, type Provider } from "../../domain/provider.ts";
import { listSecrets } from "../../store/webhook-secrets.ts";
import type { Deps } from "../deps.ts";
import { openSecret } from "./seals.ts";

/**
 * Gives the messages of a workspace's webhooks with what receivers verify with, the present key
 * first, then those still in overlap; as they are when the provider signs with secrets only.
 */
export async function addPublicKeys(
  { db, masterKey }: Pick<Deps, "db" | "masterKey">,
  { provider, workspaceId }: { provider: Provider; workspaceId: string },
  messages: readonly Message[],
): Promise<Message[]> {
  if (!hasPublicKeys(provider)) return [...messages];
  const dataKey = unwrapDataKey(masterKey, provider.wrappedDataKey);
  const webhookIds = messages.map(({ id }) => id);
  const sealed = await listSecrets(db, { workspaceId, webhookIds });
  return messages.map((message) => ({
    ...message,
    publicKeys: (sealed.get(message.id) ?? []).map((box) => publicKeyOf(message.id, box)),
  }));

  function publicKeyOf(webhookId: string, box: Uint8Array): string {
    const secret = openSecret(dataKey, webhookId, box);
    return signingKeyOf(signingSeed(dataKey, { webhookId, secret })).publicKey;
  }
}
