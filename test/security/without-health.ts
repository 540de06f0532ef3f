/**
 * A list of webhooks as its user made it, anything else as it is: how receivers fare, and whether
 * delivery was quick enough to say so, changes by itself.
 */
export function withoutHealth<T extends { webhooks?: readonly object[] }>(list: T): T {
  if (!list.webhooks) return list;
  const names = ["breaker", "consecutiveFailures", "lastSuccessTime", "lastFailureTime"];
  const webhooks = list.webhooks.map((webhook) =>
    Object.fromEntries(Object.entries(webhook).filter(([name]) => !names.includes(name))),
  );
  return { ...list, webhooks };
}
