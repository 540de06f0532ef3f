import type { FieldProblem } from "@posthorn/errors";
import { headerProblems } from "./headers.ts";
import { refuseProblems } from "./problems.ts";
import { retryProblems } from "./retry-delays.ts";
import type { WebhookDraft, WebhookField } from "./webhook.ts";

/** The rules that come from elsewhere: egress, filters and catalog. */
export interface WebhookRules {
  /** Gives a URL as it is to be stored, or why it is refused. */
  readonly checkUrl: (url: string) => { url: string } | { problem: string };
  /** Gives why a header is refused, or undefined. */
  readonly checkHeader: (name: string, value: string) => string | undefined;
  /** Tells whether an exact event type may be subscribed to. */
  readonly isSubscribable: (eventType: string) => boolean;
  /** Whether it must name exactly one event type, by its exact name. */
  readonly isOneType: boolean;
  /** The fields that the provider asks for and the caller left out, by their JSON names. */
  readonly missing?: readonly string[];
  /** Gives why a secret is refused, empty for none any more; or undefined. */
  readonly checkSecret: (secret: string) => string | undefined;
  /** The provider's payload versions, oldest first; never empty. */
  readonly versions: readonly string[];
  /** What is wrong with the filter, for the event types that the webhook will have. */
  readonly filterProblems: readonly string[];
}

/**
 * Checks the named fields of a draft and gives the draft with its URL in normal form and its payload
 * version, the provider's last where it names none. Throws `invalid`, naming every problem as `webhook.<field>`.
 */
export function checkWebhook(
  draft: WebhookDraft,
  fields: ReadonlySet<WebhookField>,
  rules: WebhookRules,
): WebhookDraft {
  const target = fields.has("url") ? checkTarget(draft.url, rules) : { url: draft.url };
  const problems = [
    ...("problem" in target ? [{ field: "webhook.url", description: target.problem }] : []),
    ...(fields.has("event_types") ? eventTypeProblems(draft.eventTypes, rules) : []),
    ...(fields.has("secret") ? secretProblems(draft, rules) : []),
    ...rules.filterProblems.map((description) => ({ field: "webhook.filter", description })),
    ...(fields.has("state") ? stateProblems(draft) : []),
    ...(fields.has("headers")
      ? headerProblems(draft.headers, "webhook.headers", rules.checkHeader)
      : []),
    ...(fields.has("retry_policy")
      ? retryProblems(draft.retryDelaysMs, "webhook.retryPolicy.delays")
      : []),
    ...(fields.has("version") ? versionProblems(draft, rules) : []),
  ];
  refuseProblems([...problems, ...missingProblems(rules.missing ?? [], problems)]);
  const payloadVersion = draft.payloadVersion || (rules.versions.at(-1) ?? "");
  return { ...draft, payloadVersion, ...("url" in target && { url: target.url }) };
}

function versionProblems(
  { payloadVersion }: WebhookDraft,
  { versions }: WebhookRules,
): FieldProblem[] {
  if (payloadVersion === "" || versions.includes(payloadVersion)) return [];
  return [{ field: "webhook.version", description: `must be one of ${versions.join(", ")}` }];
}

function checkTarget(url: string, rules: WebhookRules): { url: string } | { problem: string } {
  return url === "" ? { problem: "is required" } : rules.checkUrl(url);
}

function secretProblems({ secret }: WebhookDraft, rules: WebhookRules): FieldProblem[] {
  const description = rules.checkSecret(secret);
  return description === undefined ? [] : [{ field: "webhook.secret", description }];
}

/** A field that is named already needs no second sentence. */
function missingProblems(
  missing: readonly string[],
  problems: readonly FieldProblem[],
): FieldProblem[] {
  const named = new Set(problems.map(({ field }) => field));
  return missing
    .map((name) => ({ field: `webhook.${name}`, description: "is required by the provider" }))
    .filter(({ field }) => !named.has(field));
}

function stateProblems(draft: WebhookDraft): FieldProblem[] {
  if (draft.state !== "DISABLED") return [];
  return [{ field: "webhook.state", description: "only posthorn disables; use PAUSED" }];
}

function eventTypeProblems(names: readonly string[], rules: WebhookRules): FieldProblem[] {
  if (rules.isOneType && !isOneType(names)) {
    const description = "must be exactly one event type, by its exact name";
    return [{ field: "webhook.eventTypes", description }];
  }
  return names.flatMap((name, index) =>
    isPattern(name) || rules.isSubscribable(name)
      ? []
      : [
          {
            field: `webhook.eventTypes[${index}]`,
            description: `${name} is not in the catalog`,
          },
        ],
  );
}

/** Tells whether a webhook names exactly one event type, by its exact name. */
export function isOneType(names: readonly string[]): boolean {
  return names.length === 1 && !names.some(isPattern);
}

/** Tells whether a subscription names all types below a prefix, rather than one. */
export function isPattern(eventType: string): boolean {
  return eventType.endsWith(".*");
}
