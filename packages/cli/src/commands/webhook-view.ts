import { jsonOf, printJson, subscription } from "@posthorn/client";
import { type Output, shortTime } from "../output/output.ts";

const { WebhookSchema } = subscription;

/** Shows one webhook. */
export function showWebhook(out: Output, message: subscription.Webhook): void {
  out.json(printJson(WebhookSchema, message, 2));
  const webhook = jsonOf(WebhookSchema, message);
  const { secret, hasSecret, eventTypes = [], retryPolicy, breaker, rateLimit } = webhook;
  out.fields([
    ["id", webhook.id],
    ["name", webhook.name],
    ["description", webhook.description],
    ["url", webhook.url],
    ["on", eventTypes.length === 0 ? "all event types" : eventTypes.join(", ")],
    ["filter", webhook.filter],
    ["state", stateOf(webhook)],
    ["version", webhook.version],
    ["secret", secret ? `${secret}   (shown this once)` : hasSecret ? "kept" : undefined],
    ["public keys", webhook.publicKeys?.join("\n")],
    ["headers", namesOf(webhook.headers)],
    ["when paused", webhook.whenPaused === "HOLD" ? "events wait" : undefined],
    ["rate", rateLimit && `${rateLimit.perSecond} attempts a second`],
    ["in flight", webhook.inFlightMax || undefined],
    ["timeout", webhook.timeout],
    ["retries", retryPolicy && (retryPolicy.delays?.join(", ") || "none")],
    ["ordered", webhook.ordered ? "by ordering key" : undefined],
    [
      "breaker",
      breaker && breaker.state !== "CLOSED" ? `${breaker.state}: ${breaker.reason}` : undefined,
    ],
    [
      "failing",
      webhook.consecutiveFailures ? `${webhook.consecutiveFailures} in a row` : undefined,
    ],
    ["last success", shortTime(webhook.lastSuccessTime)],
    ["last failure", shortTime(webhook.lastFailureTime)],
    [
      "metadata",
      Object.entries(webhook.metadata ?? {})
        .map((pair) => pair.join("="))
        .join(", "),
    ],
    ["created", shortTime(webhook.createTime)],
    ["changed", shortTime(webhook.updateTime)],
    ["etag", webhook.etag],
  ]);
}

function stateOf({ state, disabledReason }: subscription.WebhookJson): string | undefined {
  switch (disabledReason) {
    case "GONE":
      return `${state}: its receiver answered 410`;
    case "FAILING":
      return `${state}: it has done nothing but fail for days`;
    default:
      return state;
  }
}

function namesOf(headers: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(headers ?? {}).join(", ");
}
