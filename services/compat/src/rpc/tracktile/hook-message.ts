import { create } from "@bufbuild/protobuf";
import {
  type Hook,
  HookSchema,
  type UpdateHookRequest,
} from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { type Webhook, Webhook_State } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { FieldNames } from "../../domain/field-names.ts";

/** What Tracktile calls the fields of a webhook. */
export const fieldNames: FieldNames = {
  "webhook.name": "name",
  "webhook.url": "url",
  "webhook.eventTypes": "on",
  "webhook.state": "status",
};

/** Gives a webhook as Tracktile shows it; the secret only if the webhook bears it. */
export function toHook(webhook: Webhook): Hook {
  const { id, name, url, eventTypes, state, secret, createTime, updateTime } = webhook;
  return create(HookSchema, {
    id,
    name,
    url,
    on: eventTypes[0] ?? "",
    status: state === Webhook_State.ACTIVE ? "active" : "paused",
    secret,
    ...(createTime && { createdAt: createTime }),
    ...(updateTime && { updatedAt: updateTime }),
  });
}

/** Gives the state of a status; none for an empty one. */
export function stateOf(status: string): Webhook_State {
  switch (status) {
    case "active":
      return Webhook_State.ACTIVE;
    case "paused":
      return Webhook_State.PAUSED;
    default:
      return Webhook_State.STATE_UNSPECIFIED;
  }
}

/** Gives the update of those members that the request has. */
export function updateOf({ id, name, url, on, status }: UpdateHookRequest) {
  const webhook = {
    id,
    ...(name !== undefined && { name }),
    ...(url !== undefined && { url }),
    ...(on !== undefined && { eventTypes: on === "" ? [] : [on] }),
    ...(status !== undefined && { state: stateOf(status) }),
  };
  const paths = [
    ...(name === undefined ? [] : ["name"]),
    ...(url === undefined ? [] : ["url"]),
    ...(on === undefined ? [] : ["event_types"]),
    ...(status === undefined ? [] : ["state"]),
  ];
  return { webhook, updateMask: { paths } };
}
