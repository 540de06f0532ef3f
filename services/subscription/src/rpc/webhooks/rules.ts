import { checkHeader, checkUrl } from "@posthorn/egress";
import type { Kysely } from "kysely";
import type { Provider } from "../../domain/provider.ts";
import { isReservedName, isReservedType } from "../../domain/reserved-type.ts";
import { isPattern, type WebhookRules } from "../../domain/webhook-check.ts";
import type { Database } from "../../store/database.ts";
import { listKnownNames } from "../../store/event-types.ts";
import type { Deps } from "../deps.ts";

/** Gives the rules for a webhook of a provider that wants the given event types. */
export async function webhookRules(
  { urlPolicy }: Deps,
  tx: Kysely<Database>,
  { provider, eventTypes }: { provider: Provider; eventTypes: readonly string[] },
): Promise<WebhookRules> {
  const takesAny = provider.unknownEventTypes === "CREATE";
  const names = takesAny ? [] : eventTypes.filter((eventType) => !isPattern(eventType));
  const known = await listKnownNames(tx, { provider: provider.name, names });
  return {
    checkUrl: (url) => checkUrl(url, urlPolicy),
    checkHeader,
    isSubscribable: (eventType) =>
      isReservedName(eventType) ? isReservedType(eventType) : takesAny || known.has(eventType),
  };
}
