import {
  Webhook_State as State,
  type Webhook as WebhookMessage,
  WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { Kysely } from "kysely";
import type { Provider } from "../../domain/provider.ts";
import { toCamel } from "../../domain/update-mask.ts";
import {
  setByPosthorn,
  type WebhookDraft,
  type WebhookField,
  webhookFields,
} from "../../domain/webhook.ts";
import { checkWebhook } from "../../domain/webhook-check.ts";
import type { Database } from "../../store/database.ts";
import type { Deps } from "../deps.ts";
import { populatedFields, refuseOutputOnly } from "../output-only.ts";
import { webhookRules } from "./rules.ts";
import { toDraft } from "./webhook-message.ts";

const outputOnly = ["id", "etag", ...setByPosthorn];

/**
 * Checks what a caller says of a new webhook against its provider's policies, and fills in what
 * they say where it says nothing; an empty secret stays. Throws `invalid` naming every problem.
 */
export async function checkNewWebhook(
  deps: Deps,
  db: Kysely<Database>,
  provider: Provider,
  message: WebhookMessage,
): Promise<WebhookDraft> {
  const names = provider.secrets.custom ? outputOnly : [...outputOnly, "secret"];
  refuseOutputOnly(WebhookSchema, message, { names, prefix: "webhook" });
  const startsPaused = message.state === State.STATE_UNSPECIFIED && provider.webhooksStartPaused;
  const draft = { ...toDraft(message), ...(startsPaused && { state: "PAUSED" as const }) };
  const isSecretGiven = message.secret !== "";
  const fields = new Set<WebhookField>([
    ...webhookFields,
    ...(isSecretGiven ? (["secret"] as const) : []),
  ]);
  const given = new Set(populatedFields(WebhookSchema, message).map(toCamel));
  const missing = provider.webhookFields
    .filter(({ field, required = false }) => required && !given.has(field))
    .map(({ field }) => field);
  const rules = await webhookRules(deps, db, provider, { ...draft, fields });
  return checkWebhook(draft, fields, { ...rules, missing });
}
