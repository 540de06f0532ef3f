import { checkFilter } from "@posthorn/filter";
import type { Kysely } from "kysely";
import { eventTypesMax } from "../../domain/event-type.ts";
import { typesToCheck } from "../../domain/filter-types.ts";
import type { Provider } from "../../domain/provider.ts";
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
  const catalog = await listSchemaSizes(tx, { provider, countMax: eventTypesMax });
  const takesAny = unknownEventTypes === "CREATE";
  const names = typesToCheck(eventTypes, catalog, { takesAny }) ?? [];
  const schemas = (await listSchemas(tx, { provider, names })).map(parse);
  return checkFilter(filter, { schemas }).map(({ message }) => message);
}

/** The catalog takes no schema that is not JSON. */
function parse(schema: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(schema));
}
