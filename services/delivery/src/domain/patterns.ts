/**
 * Gives the first of exact names and `prefix.*` patterns that names the type; empty when there are
 * none, as that names all; undefined when none does. `order.*` names `order.created` and
 * `order.status.changed`, but neither `order` nor `orders.created`.
 */
export function patternFor(eventType: string, patterns: readonly string[]): string | undefined {
  if (patterns.length === 0) return "";
  return patterns.find((pattern) =>
    pattern.endsWith(".*") ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType,
  );
}
