import { create } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  WebhookHealth_BreakerState as HealthState,
  type WebhookHealth,
  WebhookHealthService,
} from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import {
  type Webhook as Message,
  Webhook_Breaker_State as State,
  Webhook_BreakerSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { appClient } from "@posthorn/rpc";
import type { Logger } from "@posthorn/runtime";

/** How long an answer waits for it: a webhook without its health is worth more than none. */
const timeoutMs = 500;

/** Gives messages of webhooks of one workspace with their health in it, as far as it is known. */
export type AddHealth = (workspaceId: string, messages: readonly Message[]) => Promise<Message[]>;

/**
 * Asks delivery how webhooks fare, all of them in one call of at most 500 ms. While that cannot be
 * asked, or there is no way to it (undefined), the messages stay as they are; it never throws.
 */
export function healthOf(delivery: Transport | undefined, log: Logger): AddHealth {
  if (delivery === undefined) return async (_, messages) => [...messages];
  const { getWebhookHealth } = appClient(WebhookHealthService, delivery);
  let isAway = false;
  return async (workspaceId, messages) => {
    if (messages.length === 0) return [];
    const webhookIds = messages.map(({ id }) => id);
    try {
      const { healths } = await getWebhookHealth({ workspaceId, webhookIds }, { timeoutMs });
      if (isAway) log.info("delivery tells again how webhooks fare");
      isAway = false;
      const known = new Map(healths.map((health) => [health.webhookId, health]));
      return messages.map((message) => ({ ...message, ...toFields(known.get(message.id)) }));
    } catch (error) {
      if (!isAway) log.warn({ err: error }, "delivery cannot be asked how webhooks fare");
      isAway = true;
      return [...messages];
    }
  };
}

/** A webhook that was never sent to has a closed breaker and no failures. */
function toFields(health: WebhookHealth | undefined): Partial<Message> {
  const { breakerState = HealthState.CLOSED, breakerReason = "", breakerUntil } = health ?? {};
  const state = toState(breakerState);
  return {
    breaker: create(Webhook_BreakerSchema, {
      state,
      reason: breakerReason,
      ...(breakerUntil && { until: breakerUntil }),
    }),
    consecutiveFailures: health?.consecutiveFailures ?? 0,
    lastSuccessTime: health?.lastSuccessTime,
    lastFailureTime: health?.lastFailureTime,
  };
}

function toState(state: HealthState): State {
  switch (state) {
    case HealthState.BREAKER_STATE_UNSPECIFIED:
    case HealthState.CLOSED:
      return State.CLOSED;
    case HealthState.OPEN:
      return State.OPEN;
    case HealthState.HALF_OPEN:
      return State.HALF_OPEN;
  }
  return State.STATE_UNSPECIFIED; // newer than this process
}
