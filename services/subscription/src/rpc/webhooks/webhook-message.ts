import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Webhook as Message,
  Webhook_DisabledReason,
  type Webhook_RateLimit,
  Webhook_RateLimitSchema,
  Webhook_State,
  Webhook_WhenPaused,
  WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { mask } from "../../domain/headers.ts";
import {
  type DisabledReason,
  etagOf,
  type Webhook,
  type WebhookDraft,
  type WebhookState,
  type WhenPaused,
} from "../../domain/webhook.ts";
import { toDelaysMs, toRetryPolicy } from "../retry-policy-message.ts";

/** Gives what a message says of the fields that a caller may set. */
export function toDraft(message: Message): WebhookDraft {
  return {
    name: message.name,
    description: message.description,
    url: message.url,
    eventTypes: message.eventTypes,
    state: toState(message.state),
    headers: { ...message.headers },
    inFlightMax: message.inFlightMax,
    timeoutMs: message.timeout && durationMs(message.timeout),
    retryDelaysMs: toDelaysMs(message.retryPolicy),
    metadata: { ...message.metadata },
    filter: message.filter,
    whenPaused: message.whenPaused === Webhook_WhenPaused.HOLD ? "HOLD" : "SKIP",
    ratePerSecond: message.rateLimit?.perSecond,
    isOrdered: message.ordered,
    payloadVersion: message.version,
    secret: message.secret,
  };
}

/** Gives the message of a webhook, without its secret and with its headers' values masked. */
export function toMessage(webhook: Webhook): Message {
  return create(WebhookSchema, {
    id: webhook.id,
    name: webhook.name,
    description: webhook.description,
    url: webhook.url,
    eventTypes: [...webhook.eventTypes],
    state: stateNumber(webhook.state),
    disabledReason: reasonNumber(webhook.disabledReason),
    headers: Object.fromEntries(webhook.headerNames.map((name) => [name, mask])),
    inFlightMax: webhook.inFlightMax,
    timeout: webhook.timeoutMs === undefined ? undefined : durationFromMs(webhook.timeoutMs),
    retryPolicy: toRetryPolicy(webhook.retryDelaysMs),
    metadata: { ...webhook.metadata },
    filter: webhook.filter,
    whenPaused: whenPausedNumber(webhook.whenPaused),
    rateLimit: toRateLimit(webhook.ratePerSecond),
    ordered: webhook.isOrdered,
    version: webhook.payloadVersion,
    createTime: timestampFromDate(webhook.createdAt),
    updateTime: timestampFromDate(webhook.updatedAt),
    etag: etagOf(webhook),
  });
}

/** A state that is not set is ACTIVE; unknown ones are refused before. */
function toState(state: Webhook_State): WebhookState {
  if (state === Webhook_State.PAUSED) return "PAUSED";
  return state === Webhook_State.DISABLED ? "DISABLED" : "ACTIVE";
}

/** Gives a state's number in proto. */
export function stateNumber(state: WebhookState): Webhook_State {
  return Webhook_State[state];
}

/** Gives the number in proto of what a pause does. */
export function whenPausedNumber(whenPaused: WhenPaused): Webhook_WhenPaused {
  return Webhook_WhenPaused[whenPaused];
}

function toRateLimit(perSecond: number | undefined): Webhook_RateLimit | undefined {
  return perSecond === undefined ? undefined : create(Webhook_RateLimitSchema, { perSecond });
}

function reasonNumber(reason: DisabledReason | undefined): Webhook_DisabledReason {
  return Webhook_DisabledReason[reason ?? "DISABLED_REASON_UNSPECIFIED"];
}
