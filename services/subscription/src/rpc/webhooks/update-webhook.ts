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
import type { Provider } from "../../domain/provider.ts";
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
import { holdProvider } from "../../store/providers.ts";
import {
  getWebhook,
  type WebhookKey,
  updateWebhook as writeWebhook,
} from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { populatedFields } from "../output-only.ts";
import { requireFound, requireMessage } from "../require.ts";
import { readSecret, writeSecret } from "./change-secret.ts";
import { untilForgotten } from "./old-knowledge.ts";
import { webhookRules } from "./rules.ts";
import { openHeaders, sealHeaders } from "./seals.ts";
import { showWebhook } from "./shown.ts";
import { toDraft } from "./webhook-message.ts";

/**
 * Changes the named fields of a webhook. What changes nothing leaves version and etag alone. Where
 * a secret ends at once, the answer waits until nobody acts on it any more.
 */
export async function updateWebhook(
  deps: Deps,
  request: UpdateWebhookRequest,
  context: HandlerContext,
): Promise<WebhookMessage> {
  const message = requireMessage(request.webhook, "webhook");
  const workspaceId = workspaceIdOf(context);
  const { provider: name } = principalOf(context);
  const { webhook, isAtOnce } = await transaction(deps.db, async (tx) => {
    const provider = requireFound(await holdProvider(tx, name), "provider", name);
    const fields = fieldsOf(message, request.updateMask?.paths, provider);
    await lockWorkspace(tx, workspaceId);
    const stored = requireFound(
      await getWebhook(tx, { workspaceId, webhookId: message.id }),
      "webhook",
      message.id,
    );
    checkEtag(stored, message.etag);
    const changes = { provider, draft: toDraft(message), fields };
    const settings = await decide(deps, tx, stored, changes);
    const webhookKey = { workspaceId, webhookId: stored.id };
    const secret = await changedSecret(deps, tx, webhookKey, changes);
    const { cancelHeld } = request;
    const isSame = isDeepStrictEqual({ ...stored, ...settings }, stored);
    if (cancelHeld) checkCancelHeld(stored, settings);
    else if (isSame && secret === undefined) return { webhook: stored, isAtOnce: false };
    const key = { ...webhookKey, version: await raiseVersion(tx, workspaceId) };
    const webhook = await writeWebhook(tx, { ...key, cancelHeld }, settings);
    if (secret === undefined) return { webhook, isAtOnce: false };
    return { webhook, isAtOnce: await writeSecret(tx, deps, provider, { ...key, secret }) };
  });
  if (isAtOnce) await untilForgotten(context.signal);
  return await showWebhook(deps, context, webhook);
}

/** `*` stands for the secret only where one is given: answers never hold it. */
function fieldsOf(
  message: WebhookMessage,
  paths: readonly string[] | undefined,
  { secrets: { custom = false, optional = false } }: Provider,
): ReadonlySet<WebhookField> {
  const mayChangeSecret = custom || optional;
  const namesSecret = paths?.includes("secret") || message.secret !== "";
  const populated = populatedFields(WebhookSchema, message);
  return fieldsToUpdate<WebhookField>(
    { paths, populated },
    {
      prefix: "webhook",
      writable: mayChangeSecret && namesSecret ? [...webhookFields, "secret"] : webhookFields,
      fixed: mayChangeSecret ? setByPosthorn : [...setByPosthorn, "secret"],
      key: "id",
      tolerated: ["etag"],
    },
  );
}

interface Changes {
  readonly provider: Provider;
  readonly draft: WebhookDraft;
  readonly fields: ReadonlySet<WebhookField>;
}

/** Gives the secret to write, empty for none any more; undefined when it stays. */
async function changedSecret(
  { masterKey }: Deps,
  tx: Kysely<Database>,
  key: WebhookKey,
  { provider, draft, fields }: Changes,
): Promise<string | undefined> {
  if (!fields.has("secret")) return undefined;
  const dataKey = unwrapDataKey(masterKey, provider.wrappedDataKey);
  const present = await readSecret(tx, key, dataKey);
  return draft.secret === present ? undefined : draft.secret;
}

async function decide(
  deps: Deps,
  tx: Kysely<Database>,
  stored: Webhook,
  { provider, draft, fields }: Changes,
) {
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
