import { setTimeout as sleep } from "node:timers/promises";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { transaction } from "@posthorn/postgres";
import type { Webhook as WebhookMessage } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { RotateWebhookSecretRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { unwrapDataKey } from "@posthorn/sealing";
import { newSecret } from "@posthorn/signature";
import { sharesSecrets } from "../../domain/provider.ts";
import {
  checkOldSecrets,
  isAtOnce,
  oldKnowledgeMs,
  overlapOf,
} from "../../domain/secret-rotation.ts";
import { insertSecret, retireSecrets } from "../../store/webhook-secrets.ts";
import { getWebhook, updateVersion } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { requireFound, requireProvider } from "../require.ts";
import { sealSecret } from "./seals.ts";
import { showWebhook } from "./shown.ts";

/** A timer may fire a millisecond early. */
const timerErrorMs = 2;

/**
 * Gives a webhook a new secret and answers with it, once, if receivers verify with it. Where the
 * old one ends at once for any of them, the answer waits until nobody acts on it any more.
 */
export async function rotateWebhookSecret(
  deps: Deps,
  request: RotateWebhookSecretRequest,
  context: HandlerContext,
): Promise<WebhookMessage> {
  const provider = await requireProvider(deps.db, principalOf(context).provider);
  const overlapMs = overlapOf(provider, request.overlap && durationMs(request.overlap));
  const workspaceId = workspaceIdOf(context);
  const secret = newSecret();
  const webhook = await transaction(deps.db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    const stored = requireFound(
      await getWebhook(tx, { workspaceId, webhookId: request.webhook }),
      "webhook",
      request.webhook,
    );
    const dataKey = unwrapDataKey(deps.masterKey, provider.wrappedDataKey);
    const version = await raiseVersion(tx, workspaceId);
    const key = { workspaceId, webhookId: stored.id, version };
    checkOldSecrets(await retireSecrets(tx, key, overlapMs));
    await insertSecret(tx, key, sealSecret(dataKey, stored.id, secret));
    return await updateVersion(tx, key);
  });
  if (isAtOnce(provider, overlapMs)) {
    await sleep(oldKnowledgeMs + timerErrorMs, undefined, { signal: context.signal });
  }
  const shown = await showWebhook(deps, context, webhook);
  return { ...shown, secret: sharesSecrets(provider) ? secret : "" };
}
