import { checkHeader, checkUrl } from "@posthorn/egress";
import type { Kysely } from "kysely";
import { wholeEnvelopes } from "../../domain/envelope.ts";
import { type Provider, signaturesOf } from "../../domain/provider.ts";
import { isReservedName, isReservedType } from "../../domain/reserved-type.ts";
import { secretProblem } from "../../domain/secret-check.ts";
import { headersOf } from "../../domain/signature.ts";
import type { WebhookDraft, WebhookField } from "../../domain/webhook.ts";
import { isPattern, type WebhookRules } from "../../domain/webhook-check.ts";
import type { Database } from "../../store/database.ts";
import { listKnownNames } from "../../store/event-types.ts";
import type { Deps } from "../deps.ts";
import { filterProblems } from "./filter-problems.ts";

/** What a webhook will say of the events that it wants, and which of that is new. */
export interface Wanted extends Pick<WebhookDraft, "eventTypes" | "filter"> {
  readonly fields: ReadonlySet<WebhookField>;
}

/** Gives the rules for a webhook of a provider that wants the given events. */
export async function webhookRules(
  { urlPolicy }: Deps,
  tx: Kysely<Database>,
  provider: Provider,
  { fields, ...wanted }: Wanted,
): Promise<WebhookRules> {
  const eventTypes = fields.has("event_types") ? wanted.eventTypes : [];
  const isFilterNew = fields.has("filter") || fields.has("event_types");
  const takesAny = provider.unknownEventTypes === "CREATE";
  const names = takesAny ? [] : eventTypes.filter((eventType) => !isPattern(eventType));
  const own = new Set(signaturesOf(provider).flatMap(headersOf));
  const ownHeader = (name: string) =>
    own.has(name.toLowerCase()) ? `header ${name.toLowerCase()} cannot be set` : undefined;
  const known = await listKnownNames(tx, { provider: provider.name, names });
  return {
    isOneType: provider.eventTypeSelection === "EXACTLY_ONE",
    checkSecret: (secret) => checkSecret(provider, secret),
    versions: wholeEnvelopes(provider.envelopes).map(({ version }) => version),
    checkUrl: (url) => checkUrl(url, urlPolicy),
    checkHeader: (name, value) => checkHeader(name, value) ?? ownHeader(name),
    filterProblems: isFilterNew ? await filterProblems(tx, provider, wanted) : [],
    isSubscribable: (eventType) =>
      isReservedName(eventType) ? isReservedType(eventType) : takesAny || known.has(eventType),
  };
}

function checkSecret(provider: Provider, secret: string): string | undefined {
  const { custom = false, optional = false } = provider.secrets;
  if (secret === "")
    return optional ? undefined : "cannot be taken away: the provider signs always";
  return custom ? secretProblem(provider, secret) : "is set by posthorn";
}
