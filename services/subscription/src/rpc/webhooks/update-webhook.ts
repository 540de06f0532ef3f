import { isDeepStrictEqual } from "node:util";
import type { HandlerContext } from "@connectrpc/connect";
import { transaction } from "@posthorn/postgres";
import {
  type Webhook as WebhookMessage,
  WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { UpdateWebhookRequest } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { unwrapDataKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import { mergeHeaders } from "../../domain/headers.ts";
import { fieldsToUpdate } from "../../domain/update-mask.ts";
import {
  type StoredHeaders,
  setByPosthorn,
  type Webhook,
  type WebhookDraft,
  type WebhookField,
  webhookFields,
} from "../../domain/webhook.ts";
import { checkWebhook } from "../../domain/webhook-check.ts";
import { checkCancelHeld, checkEtag, updatedSettings } from "../../domain/webhook-update.ts";
import type { Database } from "../../store/database.ts";
import { getWebhook, updateWebhook as writeWebhook } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { populatedFields } from "../output-only.ts";
import { requireFound, requireMessage, requireProvider } from "../require.ts";
import { webhookRules } from "./rules.ts";
import { openHeaders, sealHeaders } from "./seals.ts";
import { showWebhook } from "./shown.ts";
import { toDraft } from "./webhook-message.ts";

const rules = {
  prefix: "webhook",
  writable: webhookFields,
  fixed: setByPosthorn,
  key: "id",
  tolerated: ["etag"],
} as const;

/** Changes the named fields of a webhook. What changes nothing leaves version and etag alone. */
export async function updateWebhook(
  deps: Deps,
  request: UpdateWebhookRequest,
  context: HandlerContext,
): Promise<WebhookMessage> {
  const message = requireMessage(request.webhook, "webhook");
  const paths = request.updateMask?.paths;
  const fields = fieldsToUpdate(
    { paths, populated: populatedFields(WebhookSchema, message) },
    rules,
  );
  const workspaceId = workspaceIdOf(context);
  const webhook = await transaction(deps.db, async (tx) => {
    await lockWorkspace(tx, workspaceId);
    const stored = requireFound(
      await getWebhook(tx, { workspaceId, webhookId: message.id }),
      "webhook",
      message.id,
    );
    checkEtag(stored, message.etag);
    const provider = principalOf(context).provider;
    const changes = { provider, draft: toDraft(message), fields };
    const settings = await decide(deps, tx, stored, changes);
    const { cancelHeld } = request;
    if (cancelHeld) checkCancelHeld(stored, settings);
    else if (isDeepStrictEqual({ ...stored, ...settings }, stored)) return stored;
    const version = await raiseVersion(tx, workspaceId);
    const key = { workspaceId, webhookId: stored.id, version };
    return await writeWebhook(tx, { ...key, cancelHeld }, settings);
  });
  return await showWebhook(deps, context, webhook);
}

async function decide(
  deps: Deps,
  tx: Kysely<Database>,
  stored: Webhook,
  changes: { provider: string; draft: WebhookDraft; fields: ReadonlySet<WebhookField> },
) {
  const { draft, fields } = changes;
  const provider = await requireProvider(tx, changes.provider);
  const dataKey = unwrapDataKey(deps.masterKey, provider.wrappedDataKey);
  const storedHeaders = openHeaders(dataKey, stored.id, stored);
  const merged = { ...draft, headers: mergeHeaders(draft.headers, storedHeaders) };
  const { eventTypes } = fields.has("event_types") ? draft : stored;
  const { filter } = fields.has("filter") ? draft : stored;
  const wanted = await webhookRules(deps, tx, provider, { eventTypes, filter, fields });
  const checked = checkWebhook(merged, fields, wanted);
  const keepsHeaders = !fields.has("headers") || isDeepStrictEqual(checked.headers, storedHeaders);
  const headers: StoredHeaders = keepsHeaders
    ? stored
    : sealHeaders(dataKey, stored.id, checked.headers);
  return updatedSettings(stored, checked, { fields, headers });
}
