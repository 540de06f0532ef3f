import type { HandlerContext } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import {
  type Webhook as WebhookMessage,
  WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { CreateWebhookRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { ensureWorkspaceOf, principalOf } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { unwrapDataKey } from "@posthorn/sealing";
import { newSecret } from "@posthorn/signature";
import type { Kysely } from "kysely";
import { type Provider, sharesSecrets, webhooksMaxOf } from "../../domain/provider.ts";
import { setByPosthorn, webhookFields } from "../../domain/webhook.ts";
import { checkWebhook } from "../../domain/webhook-check.ts";
import { newSettings } from "../../domain/webhook-update.ts";
import type { Database } from "../../store/database.ts";
import { insertSecret } from "../../store/webhook-secrets.ts";
import { countWebhooks, insertWebhook } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { refuseOutputOnly } from "../output-only.ts";
import { requireMessage, requireProvider } from "../require.ts";
import { addProviderFields } from "./provider-fields.ts";
import { webhookRules } from "./rules.ts";
import { sealHeaders, sealSecret } from "./seals.ts";
import { toDraft, toMessage } from "./webhook-message.ts";

const outputOnly = ["id", "etag", ...setByPosthorn];

/**
 * Registers a webhook and answers with its secret, once, if receivers verify with it. The
 * workspace's lock keeps the limit.
 */
export async function createWebhook(
  deps: Deps,
  request: CreateWebhookRequest,
  context: HandlerContext,
): Promise<WebhookMessage> {
  const message = requireMessage(request.webhook, "webhook");
  refuseOutputOnly(WebhookSchema, message, { names: outputOnly, prefix: "webhook" });
  const provider = await requireProvider(deps.db, principalOf(context).provider);
  const draft = toDraft(message);
  const fields = new Set(webhookFields);
  const rules = await webhookRules(deps, deps.db, provider, { ...draft, fields });
  const checked = checkWebhook(draft, fields, rules);
  const workspaceId = await ensureWorkspaceOf(context);
  const webhookId = newId("wh");
  const secret = newSecret();
  const webhook = await transaction(deps.db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    await checkRoom(tx, workspaceId, provider);
    const dataKey = unwrapDataKey(deps.masterKey, provider.wrappedDataKey);
    const version = await raiseVersion(tx, workspaceId);
    const key = { workspaceId, webhookId, version };
    const headers = sealHeaders(dataKey, webhookId, checked.headers);
    const inserted = await insertWebhook(tx, key, newSettings(checked, headers));
    await insertSecret(tx, key, sealSecret(dataKey, webhookId, secret));
    return inserted;
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
