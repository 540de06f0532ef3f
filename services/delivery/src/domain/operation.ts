import { uuidToId } from "@posthorn/runtime";
import type { Notice } from "./notice.ts";

/** The workspace of a provider whose webhooks hear of its operation. */
export const operationsAlias = "posthorn.operations";

/** What a provider can subscribe to in its operations workspace. */
export interface Operation {
  readonly type: `posthorn.${"webhook.failing" | "webhook.disabled" | "webhook.recovered" | "delivery.exhausted"}`;
  /** JSON text. */
  readonly data: string;
}

/**
 * Gives the event that tells a provider of a notice; undefined when there is none. `urlHost` is
 * the host that the webhook points to now, empty when the webhook is gone.
 */
export function operationOf(notice: Notice, urlHost: string): Operation | undefined {
  const webhook = {
    workspace: uuidToId("ws", notice.workspaceUuid),
    webhook: uuidToId("wh", notice.webhookUuid),
    urlHost,
  };
  const failing = {
    consecutiveFailures: notice.failureCount,
    ...(notice.failingSince && { failingSince: notice.failingSince.toISOString() }),
  };
  switch (notice.kind) {
    case "FAILING":
      return operation("webhook.failing", { ...webhook, ...failing });
    case "DISABLE":
      return operation("webhook.disabled", { ...webhook, reason: notice.reason, ...failing });
    case "RECOVERED":
      return operation("webhook.recovered", webhook);
    case "EXHAUSTED":
      return operation("delivery.exhausted", { ...webhook, ...deliveryOf(notice) });
    case "SUCCEEDED":
      return undefined;
  }
}

function operation(name: string, data: object): Operation {
  return { type: `posthorn.${name}` as Operation["type"], data: JSON.stringify(data) };
}

function deliveryOf({ delivery }: Notice) {
  if (!delivery) throw new Error("the notice names no delivery");
  return {
    delivery: uuidToId("dlv", delivery.uuid),
    event: uuidToId("evt", delivery.eventUuid),
    eventType: delivery.eventType,
    attemptCount: delivery.attemptCount,
    lastStatusCode: delivery.statusCode,
  };
}
