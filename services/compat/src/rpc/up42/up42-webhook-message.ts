import { create } from "@bufbuild/protobuf";
import {
  type Up42Webhook,
  Up42WebhookSchema,
} from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { type Webhook, Webhook_State } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { FieldNames } from "../../domain/field-names.ts";
import { textOrNull } from "../json-value.ts";

/** What UP42 calls the fields of a webhook. */
export const fieldNames: FieldNames = {
  "webhook.name": "name",
  "webhook.url": "url",
  "webhook.eventTypes": "events[]",
  "webhook.secret": "secret",
  "webhook.state": "active",
  workspace: "workspaceId",
  eventTypes: "event",
};

/** Gives a webhook as UP42 shows it: an empty secret is null, an unknown one is left out. */
export function toUp42Webhook(webhook: Webhook, secret: string | undefined): Up42Webhook {
  const { id, name, url, eventTypes, state, createTime, updateTime } = webhook;
  return create(Up42WebhookSchema, {
    id,
    name,
    url,
    events: eventTypes,
    active: state === Webhook_State.ACTIVE,
    ...(secret !== undefined && { secret: textOrNull(secret) }),
    ...(createTime && { createdAt: createTime }),
    ...(updateTime && { updatedAt: updateTime }),
  });
}

/** Gives the state of a webhook that is active or not; none where that is not said. */
export function stateOf(active: boolean | undefined): Webhook_State {
  if (active === undefined) return Webhook_State.STATE_UNSPECIFIED;
  return active ? Webhook_State.ACTIVE : Webhook_State.PAUSED;
}
