import { durationMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { transaction } from "@posthorn/postgres";
import type { Webhook as WebhookMessage } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { RotateWebhookSecretRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { newSecret } from "@posthorn/signature";
import { sharesSecrets } from "../../domain/provider.ts";
import { overlapOf } from "../../domain/secret-rotation.ts";
import { getWebhook, updateVersion } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { requireFound, requireProvider } from "../require.ts";
import { writeSecret } from "./change-secret.ts";
import { untilForgotten } from "./old-knowledge.ts";
import { showWebhook } from "./shown.ts";

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
  const { webhook, isAtOnce } = await transaction(deps.db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    const { id: webhookId } = requireFound(
      await getWebhook(tx, { workspaceId, webhookId: request.webhook }),
      "webhook",
      request.webhook,
    );
    const key = { workspaceId, webhookId, version: await raiseVersion(tx, workspaceId) };
    const isAtOnce = await writeSecret(tx, deps, provider, { ...key, secret, overlapMs });
    return { webhook: await updateVersion(tx, key), isAtOnce };
  });
  if (isAtOnce) await untilForgotten(context.signal);
  const shown = await showWebhook(deps, context, webhook);
  return { ...shown, secret: sharesSecrets(provider) ? secret : "" };
}
