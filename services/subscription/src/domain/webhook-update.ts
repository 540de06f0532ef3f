import { AppError } from "@posthorn/errors";
import {
  etagOf,
  type StoredHeaders,
  type Webhook,
  type WebhookDraft,
  type WebhookField,
  type WebhookSettings,
} from "./webhook.ts";

/** Throws `conflict` when a tag is given (not empty) and is no longer the webhook's. */
export function checkEtag(webhook: Webhook, etag: string): void {
  if (etag === "" || etag === etagOf(webhook)) return;
  throw new AppError("conflict", `webhook ${webhook.id} has changed: read it again`);
}

/**
 * Throws `precondition` when what is held is to be canceled while nothing can be: the webhook is
 * active and stays so.
 */
export function checkCancelHeld(
  before: Pick<Webhook, "id" | "state">,
  after: Pick<WebhookSettings, "state">,
): void {
  if (before.state !== "ACTIVE" || after.state !== "ACTIVE") return;
  throw new AppError("precondition", `webhook ${before.id} is active: nothing of it is held`);
}

/** Gives the settings of a new webhook. */
export function newSettings(draft: WebhookDraft, headers: StoredHeaders): WebhookSettings {
  const { headers: _, secret: __, ...settings } = draft;
  return { ...settings, ...headers, disabledReason: undefined };
}

/**
 * Gives a webhook's settings with the named fields as drafted, and the headers as given. A state
 * that is set ends a disabling.
 */
export function updatedSettings(
  webhook: WebhookSettings,
  draft: WebhookDraft,
  { fields, headers }: { fields: ReadonlySet<WebhookField>; headers: StoredHeaders },
): WebhookSettings {
  const from = (field: WebhookField) => (fields.has(field) ? draft : webhook);
  return {
    name: from("name").name,
    description: from("description").description,
    url: from("url").url,
    eventTypes: from("event_types").eventTypes,
    state: from("state").state,
    disabledReason: fields.has("state") ? undefined : webhook.disabledReason,
    inFlightMax: from("in_flight_max").inFlightMax,
    timeoutMs: from("timeout").timeoutMs,
    retryDelaysMs: from("retry_policy").retryDelaysMs,
    metadata: from("metadata").metadata,
    filter: from("filter").filter,
    whenPaused: from("when_paused").whenPaused,
    ratePerSecond: from("rate_limit").ratePerSecond,
    isOrdered: from("ordered").isOrdered,
    payloadVersion: from("version").payloadVersion,
    headerNames: headers.headerNames,
    sealedHeaders: headers.sealedHeaders,
  };
}
