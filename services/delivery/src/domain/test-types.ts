import { isSubscribed } from "./match.ts";

/**
 * Chooses the event types that a test sends. Those that were asked for, if each is in the catalog
 * and the webhook subscribes it; else the exact types that the webhook names, else the first of
 * the catalog that its patterns match. What Posthorn publishes itself is sent to a webhook only
 * that says so, not to one that is for all.
 */
export function chooseTestTypes(
  asked: readonly string[],
  subscribed: readonly string[],
  catalog: readonly { readonly name: string; readonly reserved?: boolean }[],
): { readonly types: readonly string[] } | { readonly problem: string } {
  for (const name of asked) {
    if (!isSubscribed(name, subscribed))
      return { problem: `the webhook does not subscribe ${name}` };
    if (!catalog.some((type) => type.name === name))
      return { problem: `${name} is not in the catalog` };
  }
  if (asked.length > 0) return { types: asked };
  const exact = subscribed.filter((name) => !name.endsWith(".*"));
  if (exact.length > 0) return { types: exact.slice(0, testTypesMax) };
  const own = subscribed.length > 0 ? catalog : catalog.filter(({ reserved }) => !reserved);
  const first = own.find(({ name }) => isSubscribed(name, subscribed));
  return first
    ? { types: [first.name] }
    : { problem: "the catalog has no type that it subscribes" };
}

/** Events that one test sends, at most. */
export const testTypesMax = 10;
