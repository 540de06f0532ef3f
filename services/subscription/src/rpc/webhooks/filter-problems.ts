import { checkFilter } from "@posthorn/filter";
import type { Kysely } from "kysely";
import { type EventTypeDraft, eventTypesMax } from "../../domain/event-type.ts";
import { type CatalogType, typesToCheck } from "../../domain/filter-types.ts";
import type { Provider } from "../../domain/provider.ts";
import { reservedTypes } from "../../domain/reserved-type.ts";
import type { WebhookDraft } from "../../domain/webhook.ts";
import type { Database } from "../../store/database.ts";
import { listSchemaSizes, listSchemas } from "../../store/event-types.ts";

/**
 * Gives what is wrong with a webhook's filter, as sentences: by itself, and for the data that the
 * schemas of its event types describe. Nothing when it has no filter.
 */
export async function filterProblems(
  tx: Kysely<Database>,
  { name: provider, unknownEventTypes }: Provider,
  { filter, eventTypes }: Pick<WebhookDraft, "filter" | "eventTypes">,
): Promise<readonly string[]> {
  if (filter === "") return [];
  const own = await listSchemaSizes(tx, { provider, countMax: eventTypesMax });
  const catalog = [...own, ...reservedTypes.map(toCatalogType)];
  const takesAny = unknownEventTypes === "CREATE";
  const names = typesToCheck(eventTypes, catalog, { takesAny }) ?? [];
  const stored = await listSchemas(tx, { provider, names });
  const reserved = reservedTypes.filter(({ name }) => names.includes(name));
  const schemas = [...stored, ...reserved.map(({ schema }) => schema)].map(parse);
  return checkFilter(filter, { schemas }).map(({ message }) => message);
}

function toCatalogType({ name, schema }: EventTypeDraft): CatalogType {
  return { name, schemaBytes: schema.length };
}

/** The catalog takes no schema that is not JSON. */
function parse(schema: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(schema));
}
