import type { HandlerContext } from "@connectrpc/connect";
import type { Webhook } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { hasScope, principalOf } from "@posthorn/rpc";
import { following, type Posthorn } from "../posthorn.ts";

/** How many secrets are read at once. */
const atOnceCount = 10;

/**
 * Gives the secrets of webhooks by their ids, empty for none. Those that the caller may not read
 * are left out: null would say that there is none, and sent back it would take the secret away.
 */
export async function listSecrets(
  own: Posthorn,
  { workspace, webhooks }: { workspace: string; webhooks: readonly Webhook[] },
  context: HandlerContext,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  for (const { id, hasSecret } of webhooks) if (!hasSecret) secrets.set(id, "");
  if (!hasScope(principalOf(context), "secrets")) return secrets;
  const ids = webhooks.filter(({ hasSecret }) => hasSecret).map(({ id }) => id);
  for (let at = 0; at < ids.length; at += atOnceCount) {
    await Promise.all(ids.slice(at, at + atOnceCount).map(read));
  }
  return secrets;

  async function read(webhook: string): Promise<void> {
    const request = { workspace, webhook };
    const { secret } = await own.webhooks.getWebhookSecret(request, following(context));
    secrets.set(webhook, secret);
  }
}
