import type { HandlerContext } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import type { Webhook as WebhookMessage } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { CreateWebhookRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { ensureWorkspaceOf, principalOf } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { unwrapDataKey } from "@posthorn/sealing";
import { newSecret } from "@posthorn/signature";
import type { Kysely } from "kysely";
import { type Provider, sharesSecrets, webhooksMaxOf } from "../../domain/provider.ts";
import { newSettings } from "../../domain/webhook-update.ts";
import type { Database } from "../../store/database.ts";
import { holdProvider } from "../../store/providers.ts";
import { insertSecret } from "../../store/webhook-secrets.ts";
import { countWebhooks, insertWebhook } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { requireFound, requireMessage, requireProvider } from "../require.ts";
import { checkNewWebhook } from "./check-new-webhook.ts";
import { addProviderFields } from "./provider-fields.ts";
import { sealHeaders, sealSecret } from "./seals.ts";
import { toMessage } from "./webhook-message.ts";

/**
 * Registers a webhook and answers with its secret, once, if receivers verify with it. The
 * workspace's lock keeps the limit, and the provider's that no other policy comes between.
 */
export async function createWebhook(
  deps: Deps,
  request: CreateWebhookRequest,
  context: HandlerContext,
): Promise<WebhookMessage> {
  const message = requireMessage(request.webhook, "webhook");
  const { provider: name } = principalOf(context);
  const seen = await requireProvider(deps.db, name);
  const draft = await checkNewWebhook(deps, deps.db, seen, message);
  const workspaceId = await ensureWorkspaceOf(context);
  const webhookId = newId("wh");
  const { webhook, provider, secret } = await transaction(deps.db, async (tx) => {
    const provider = requireFound(await holdProvider(tx, name), "provider", name);
    const checked =
      provider.revision === seen.revision
        ? draft
        : await checkNewWebhook(deps, tx, provider, message);
    await lockWorkspace(tx, workspaceId);
    await checkRoom(tx, workspaceId, provider);
    const dataKey = unwrapDataKey(deps.masterKey, provider.wrappedDataKey);
    const key = { workspaceId, webhookId, version: await raiseVersion(tx, workspaceId) };
    const headers = sealHeaders(dataKey, webhookId, checked.headers);
    const webhook = await insertWebhook(tx, key, newSettings(checked, headers));
    const secret = checked.secret || (provider.secrets.optional ? "" : newSecret());
    if (secret !== "") await insertSecret(tx, key, sealSecret(dataKey, webhookId, secret));
    return { webhook, provider, secret };
  });
  const answer = { ...toMessage(webhook), secret: sharesSecrets(provider) ? secret : "" };
  const [shown = answer] = await addProviderFields(deps, { provider, workspaceId }, [answer]);
  return shown;
}

async function checkRoom(
  tx: Kysely<Database>,
  workspaceId: string,
  provider: Provider,
): Promise<void> {
  const countMax = webhooksMaxOf(provider);
  if ((await countWebhooks(tx, workspaceId)) < countMax) return;
  throw new AppError("precondition", `the workspace has ${countMax} webhooks, as many as it may`);
}
