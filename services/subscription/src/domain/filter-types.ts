import { isPattern } from "./webhook-check.ts";

/** An event type of a catalog, as far as a filter's fields are concerned. */
export interface CatalogType {
  readonly name: string;
  /** Of its schema; 0: it has none. */
  readonly schemaBytes: number;
}

/** What is read of schemas to check one filter, at most: parsing it takes some 30 ms. */
const schemaBytesMax = 4 * 1_024 * 1_024;

/**
 * Gives the names of the types whose schemas tell which data a webhook's events have. Undefined
 * when they may have any: a type that it names has no schema or may be made by its first event,
 * or there is more to read than one change may take.
 */
export function typesToCheck(
  eventTypes: readonly string[],
  catalog: readonly CatalogType[],
  { takesAny }: { readonly takesAny: boolean },
): readonly string[] | undefined {
  const exact = new Set(eventTypes.filter((eventType) => !isPattern(eventType)));
  const prefixes = new Set(
    eventTypes.filter(isPattern).map((pattern) => pattern.slice(0, -"*".length)),
  );
  const isForAll = eventTypes.length === 0;
  const named = catalog.filter(
    ({ name }) => isForAll || exact.has(name) || prefixesOf(name).some((it) => prefixes.has(it)),
  );
  const isOpen = takesAny && (isForAll || prefixes.size > 0);
  const hasOthers = named.filter(({ name }) => exact.has(name)).length < exact.size;
  const bytes = named.reduce((sum, { schemaBytes }) => sum + schemaBytes, 0);
  if (isOpen || hasOthers || bytes > schemaBytesMax) return undefined;
  if (named.some(({ schemaBytes }) => schemaBytes === 0)) return undefined;
  return named.map(({ name }) => name);
}

/** `order.status.changed` has the prefixes `order.` and `order.status.`. */
function prefixesOf(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, index) => `${parts.slice(0, index + 1).join(".")}.`);
}
