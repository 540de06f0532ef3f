/** What matching has to know of a webhook. */
export interface Matchable {
  readonly id: string;
  /** Exact names and `prefix.*` patterns; empty matches every type. */
  readonly eventTypes: readonly string[];
  readonly state: "ACTIVE" | "PAUSED" | "DISABLED";
}

/** Why a webhook that matched the type gets no delivery. */
export interface Skipped {
  readonly webhook: string;
  readonly reason: "WEBHOOK_PAUSED" | "WEBHOOK_DISABLED";
}

/** The webhooks that get a delivery, and those that would if they were on. */
export interface Matches<W extends Matchable> {
  readonly deliver: readonly W[];
  readonly skipped: readonly Skipped[];
}

/**
 * Tells which of a workspace's webhooks an event of this type is for. A webhook that is off is
 * skipped with its reason and gets nothing, now or later.
 */
export function matchWebhooks<W extends Matchable>(
  eventType: string,
  webhooks: readonly W[],
): Matches<W> {
  const deliver: W[] = [];
  const skipped: Skipped[] = [];
  for (const webhook of webhooks) {
    if (!isSubscribed(eventType, webhook.eventTypes)) continue;
    if (webhook.state === "ACTIVE") deliver.push(webhook);
    else skipped.push({ webhook: webhook.id, reason: `WEBHOOK_${webhook.state}` });
  }
  return { deliver, skipped };
}

/**
 * Tells whether a list of exact names and `prefix.*` patterns names the type. `order.*` names
 * `order.created` and `order.status.changed`, but neither `order` nor `orders.created`.
 */
export function isSubscribed(eventType: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) =>
    pattern.endsWith(".*") ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType,
  );
}
