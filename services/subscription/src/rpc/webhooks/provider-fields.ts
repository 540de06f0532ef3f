import type { Webhook as Message } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { signingSeed, unwrapDataKey } from "@posthorn/sealing";
import { signingKeyOf } from "@posthorn/signature";
import { versionIn } from "../../domain/envelope.ts";
import { hasPublicKeys, type Provider } from "../../domain/provider.ts";
import { listSecrets } from "../../store/webhook-secrets.ts";
import type { Deps } from "../deps.ts";
import { openSecret } from "./seals.ts";

/**
 * Gives the messages of a workspace's webhooks with what the provider has to do with: the payload
 * version that holds, whether there is a secret, and, where it signs with Ed25519, what receivers
 * verify with: the present key first, then those still in overlap.
 */
export async function addProviderFields(
  { db, masterKey }: Pick<Deps, "db" | "masterKey">,
  { provider, workspaceId }: { provider: Provider; workspaceId: string },
  messages: readonly Message[],
): Promise<Message[]> {
  const dataKey = unwrapDataKey(masterKey, provider.wrappedDataKey);
  const webhookIds = messages.map(({ id }) => id);
  const sealed = await listSecrets(db, { workspaceId, webhookIds });
  return messages.map((message) => {
    const secrets = sealed.get(message.id) ?? [];
    return {
      ...message,
      version: versionIn(provider.envelopes, message.version),
      hasSecret: secrets.length > 0,
      publicKeys: hasPublicKeys(provider) ? secrets.map((box) => publicKeyOf(message.id, box)) : [],
    };
  });

  function publicKeyOf(webhookId: string, box: Uint8Array): string {
    const secret = openSecret(dataKey, webhookId, box);
    return signingKeyOf(signingSeed(dataKey, { webhookId, secret })).publicKey;
  }
}
